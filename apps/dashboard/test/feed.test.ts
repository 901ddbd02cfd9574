import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type DashboardView, eventSplitter, type FeedStatus, follow } from '../src/dashboard/feed.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A coordinator's event stream, as far as the dashboard sees it. */
async function serve(answer: (response: ServerResponse, authorization: string | undefined) => void): Promise<string> {
  server = createServer((request, response) => answer(response, request.headers.authorization));
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/dashboard/events`;
}

const event = (revision: number) => `id: ${revision}\nevent: state\ndata: ${JSON.stringify({ revision })}\n\n`;

describe('the event stream', () => {
  it('gives every state once and in order, wherever the network cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 9 })), (states, cuts) => {
        const text = states.map((n) => `: still here\n\n${event(n)}`).join('');
        const got: number[] = [];
        const split = eventSplitter((data) => got.push((JSON.parse(data) as { revision: number }).revision));
        let at = 0;
        for (let i = 0; at < text.length; i++) {
          const length = cuts[i % Math.max(1, cuts.length)] ?? 5;
          split(text.slice(at, at + length));
          at += length;
        }
        expect(got).toEqual(states);
      }),
    );
  });

  it('goes on after the connection was lost in the middle of an event, and says so meanwhile', async () => {
    let visits = 0;
    const url = await serve((response, authorization) => {
      expect(authorization).toBe('Bearer sesame');
      visits += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(visits));
      if (visits === 1) response.write('event: state\ndata: {"rev', () => response.destroy());
    });
    const gone = new AbortController();
    const statuses: FeedStatus[] = [];
    const revisions: number[] = [];
    await new Promise<void>((resolve) => {
      void follow({
        url,
        token: 'sesame',
        signal: gone.signal,
        onStatus: (status) => statuses.push(status),
        onState(view: DashboardView) {
          revisions.push(view.revision);
          if (view.revision === 2) resolve();
        },
      });
    });
    gone.abort();
    expect(revisions).toEqual([1, 2]);
    expect(statuses).toEqual(['connecting', 'live', 'retrying', 'live']);
  });

  it('waits for a coordinator that restarts, and gives up at once where the token is refused', async () => {
    let visits = 0;
    const url = await serve((response) => {
      visits += 1;
      response.writeHead(visits < 3 ? 503 : 401).end();
    });
    const statuses: FeedStatus[] = [];
    const signal = new AbortController().signal;
    await follow({ url, token: 'x', signal, onState: () => {}, onStatus: (status) => statuses.push(status) });
    expect(statuses).toEqual(['connecting', 'retrying', 'retrying', 'denied']);
    expect(visits).toBe(3);
  });
});
