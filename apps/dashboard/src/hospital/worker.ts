import { initBackend, sampleCount } from '@zkfl/fl-core';
import { createEngine } from '@zkfl/he-agg';
import { defaultSuite, generateIdentity } from '@zkfl/kem';
import { parseJsonBy, spoken } from '../../../orchestrator/src/consortium/encoding.ts';
import { HospitalParty } from '../../../orchestrator/src/consortium/hospital.ts';
import {
  builtInData,
  checkData,
  dealShare,
  type HospitalData,
} from '../../../orchestrator/src/consortium/hospital-share.ts';
import type { HospitalState } from '../../../orchestrator/src/consortium/hospital-state.ts';
import type { Identity } from '../../../orchestrator/src/consortium/identity.ts';
import { type Invitation, invitationSchema } from '../../../orchestrator/src/consortium/invitation.ts';
import { fetchStudy } from '../../../orchestrator/src/consortium/link.ts';
import { type SignedStudy, type StudyFile, summariseStudy } from '../../../orchestrator/src/consortium/study-file.ts';
import { describeError, ZkflError } from '../../../orchestrator/src/errors.ts';
import { SET } from '../../../orchestrator/src/simulate/policy.ts';
import { TabMemory } from './memory.ts';
import type { FromWorker, RoundLine, ToWorker } from './messages.ts';

/** This page's coordinator is the one that serves it: the page may connect nowhere else. */
const COORDINATOR = self.location.origin;
const ENGINES = new URL('../engines/', self.location.href).href;

interface Approval {
  readonly invitation: Invitation;
  readonly signed: SignedStudy;
  readonly data: HospitalData;
}

const post = (message: FromWorker): void => self.postMessage(message);
const tell = (message: string): void => post({ type: 'tell', message });
const link = { url: COORDINATOR, onRetry: (problem: string) => tell(`${problem}; trying again`) };

let approval: Approval | null = null;
let answerRoster: (approved: boolean) => void = () => {};

/** The hospital's part of a data set that comes with the page. Throws `data` for a study on any other. */
async function shareOf(study: StudyFile, hospital: number): Promise<HospitalData> {
  const whole = await builtInData(study);
  if (whole === null)
    throw new ZkflError(
      'data',
      `data: got a study on ${study.data.name}, want one on a data set that this page brings along (wdbc, published): use zkfl hospital`,
    );
  const data = dealShare(study, whole, hospital);
  checkData(study, data, 'built in');
  return data;
}

async function read(text: string): Promise<void> {
  const invitation = parseJsonBy(invitationSchema, text, { code: 'config', what: 'invitation' });
  const signed = await fetchStudy({ ...link, study: invitation.study });
  const data = await shareOf(signed.study, invitation.hospital);
  approval = { invitation, signed, data };
  post({
    type: 'study',
    id: signed.id,
    hospital: invitation.hospital,
    summary: summariseStudy(signed, spoken),
    rounds: signed.study.policy.rounds,
    samples: { train: sampleCount(data.train), heldOut: sampleCount(data.heldOut) },
  });
}

/** Keys that live in this worker alone. */
async function freshIdentity(name: string): Promise<Identity> {
  const channel = await defaultSuite.kem.generateKeyPair();
  const signature = await generateIdentity();
  return {
    name,
    channel,
    signature,
    wipe: () => {
      channel.wipe();
      signature.wipe();
    },
  };
}

/** Both engines by their address, once: what loads them later finds them loaded. */
async function loadEngines(): Promise<void> {
  await initBackend({ backend: 'wasm', wasmPath: ENGINES });
  const engine = await createEngine({ set: SET, locateFile: (file) => `${ENGINES}${file}` });
  engine.dispose();
}

const lines = ({ history }: HospitalState): RoundLine[] =>
  history.map(({ round, outcome, own, metrics }) => ({
    round,
    outcome,
    own,
    accuracy: metrics?.accuracy ?? null,
    loss: metrics?.loss ?? null,
  }));

async function join(name: string): Promise<void> {
  if (approval === null) throw new ZkflError('study', 'study: got no approval, want one before anything is sent');
  const { invitation, signed, data } = approval;
  await loadEngines();
  const identity = await freshIdentity(name);
  try {
    const party = new HospitalParty({
      folder: new TabMemory((state) => post({ type: 'rounds', rounds: lines(state) })),
      identity,
      signed,
      token: invitation.token,
      data,
      desk: {
        tell,
        approveRoster: (roster, members) =>
          new Promise((resolve) => {
            answerRoster = resolve;
            post({
              type: 'roster',
              roster,
              members: members.map(({ client, enrolment }) => ({
                client,
                name: enrolment.name,
                fingerprint: enrolment.channelFingerprint,
              })),
            });
          }),
      },
      link,
    });
    const { state, head } = await party.run();
    post({ type: 'finished', model: state.model, head });
  } finally {
    identity.wipe();
  }
}

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  const failed = (error: unknown) => post({ type: 'failed', message: describeError(error) });
  if (data.type === 'read') read(data.invitation).catch(failed);
  else if (data.type === 'join') join(data.name).catch(failed);
  else answerRoster(data.approved);
});
