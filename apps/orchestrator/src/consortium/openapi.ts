import { z } from 'zod';
import { version } from '../version.ts';
import { enrolledSchema, enrolmentRequestSchema } from './enrolment.ts';
import { PROTOCOL_VERSION, replySchema, requestSchema } from './protocol.ts';
import { studySchema } from './study-file.ts';

/** JSON Schema of what the program itself checks by: the document cannot say anything else. */
const schemaOf = (schema: z.ZodType): object =>
  z.toJSONSchema(schema, { target: 'draft-2020-12', unrepresentable: 'any' });

const octets = (description: string) => ({
  description,
  required: true,
  content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
});
const refusal = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
});
const json = (description: string, schema: object) => ({ description, content: { 'application/json': { schema } } });
const refs = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{32}$' } };
const bearer = [{ dashboard: [] }];

/** The API as OpenAPI 3.1. */
export function openApiDocument(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'zkfl coordinator',
      version: version(),
      description: `Protocol version ${PROTOCOL_VERSION}. Hospitals connect outwards only. A session is a handshake of three messages between the static X-Wing keys of hospital and coordinator (message 1 to /v1/sessions, message 3 to /v1/sessions/{id}/finish); each request then is one sealed record and so is its answer. Inside: u32 length (little endian), canonical JSON (schemas SessionRequest and SessionReply), then raw bytes. After a lost answer a hospital makes a new session; every request may come again.`,
    },
    paths: {
      '/v1/health': {
        get: {
          summary: 'Is the coordinator at work, and where is the study',
          responses: { 200: json('at work', {}), 503: json('kept from its work', {}) },
        },
      },
      '/v1/metrics': {
        get: {
          summary: 'Prometheus metrics',
          security: bearer,
          responses: { 200: { description: 'text' }, 401: refusal('another token') },
        },
      },
      '/v1/openapi.json': { get: { summary: 'This document', responses: { 200: json('OpenAPI 3.1', {}) } } },
      '/v1/study': {
        get: {
          summary: 'The signed study file',
          responses: { 200: json('study and ML-DSA-65 signature', refs('SignedStudy')) },
        },
      },
      '/v1/enrol': {
        post: {
          summary: 'Enrol once with a one-time token',
          requestBody: octets('EnrolmentRequest as JSON in a kem envelope to the coordinator’s channel key'),
          responses: {
            200: json('the hospital’s number, signed', refs('Enrolled')),
            400: refusal('not an envelope, or not the schema'),
            403: refusal('token unknown or used, enrolment closed, keys of another hospital'),
            429: refusal('too many a minute'),
            507: refusal('the disk does not take it: try again'),
          },
        },
      },
      '/v1/sessions': {
        post: {
          summary: 'Message 1 of a handshake',
          requestBody: octets('message 1'),
          responses: {
            200: { ...octets('message 2'), headers: { 'zkfl-session': { schema: { type: 'string' } } } },
            403: refusal('not from a hospital that has enrolled, or not for this study'),
            429: refusal('too many a minute'),
            503: refusal('too many sessions'),
          },
        },
      },
      '/v1/sessions/{id}/finish': {
        post: {
          summary: 'Message 3 of a handshake',
          parameters: [id],
          requestBody: octets('message 3'),
          responses: {
            204: { description: 'the session is open' },
            403: refusal('not the holder of the key'),
            404: refusal('no such handshake'),
          },
        },
      },
      '/v1/sessions/{id}': {
        post: {
          summary: 'One sealed request, one sealed answer',
          parameters: [id],
          requestBody: octets('a record'),
          responses: {
            200: octets('a record'),
            400: refusal('not the session’s next record'),
            404: refusal('no such session: make a new one'),
            503: refusal('busy: try again'),
          },
        },
      },
      '/v1/dashboard/state': {
        get: {
          summary: 'Everything the dashboard shows',
          security: bearer,
          responses: { 200: json('state', {}), 401: refusal('another token') },
        },
      },
      '/v1/dashboard/events': {
        get: {
          summary: 'The same as server-sent events, one at every change',
          security: bearer,
          responses: { 200: { description: 'text/event-stream; event `state`' }, 401: refusal('another token') },
        },
      },
    },
    components: {
      securitySchemes: { dashboard: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Refusal: {
          type: 'object',
          properties: { error: { type: 'string' }, message: { type: 'string' } },
          required: ['error', 'message'],
        },
        SignedStudy: {
          type: 'object',
          properties: { study: schemaOf(studySchema), signature: { type: 'string' } },
          required: ['study', 'signature'],
        },
        EnrolmentRequest: schemaOf(enrolmentRequestSchema),
        Enrolled: schemaOf(enrolledSchema),
        SessionRequest: schemaOf(requestSchema),
        SessionReply: schemaOf(replySchema),
      },
    },
  };
}
