import type { DashboardView } from '../../../orchestrator/src/consortium/dashboard-view.ts';

export type { DashboardView };

/** `denied`: the token is not the dashboard's; anything else that fails is tried again. */
export type FeedStatus = 'connecting' | 'live' | 'retrying' | 'denied';

export interface FeedOptions {
  /** of the event stream */
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
  onState(view: DashboardView): void;
  onStatus(status: FeedStatus): void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** The coordinator speaks every 15 s: silence for longer is a dead connection. */
const SILENCE_MS = 40_000;

/** Splits a server-sent event stream into the data of its `state` events; a chunk may end anywhere. */
export function eventSplitter(onData: (data: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    rest += chunk;
    for (;;) {
      const end = rest.indexOf('\n\n');
      if (end < 0) return;
      const lines = rest.slice(0, end).split('\n');
      rest = rest.slice(end + 2);
      if (!lines.includes('event: state')) continue;
      onData(
        lines
          .filter((line) => line.startsWith('data: '))
          .map((line) => line.slice(6))
          .join('\n'),
      );
    }
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

async function listen(options: FeedOptions): Promise<'denied' | 'lost'> {
  const { url, token, signal, onState, onStatus } = options;
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  heard();
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 401 || response.status === 404) return 'denied';
    if (!response.ok || response.body === null) return 'lost';
    const split = eventSplitter((data) => {
      onState(JSON.parse(data) as DashboardView);
      onStatus('live');
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'lost';
      heard();
      split(value);
    }
  } catch {
    return 'lost';
  } finally {
    clearTimeout(timer);
  }
}

/** Follows the study until `signal` aborts or the token is refused; a coordinator that restarts is waited for. */
export async function follow(options: FeedOptions): Promise<void> {
  const { signal, onStatus } = options;
  let wait = FIRST_PAUSE_MS;
  onStatus('connecting');
  while (!signal.aborted) {
    const from = performance.now();
    if ((await listen(options)) === 'denied') {
      onStatus('denied');
      return;
    }
    if (signal.aborted) return;
    onStatus('retrying');
    wait = performance.now() - from > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(2 * wait, LONGEST_PAUSE_MS);
    await pause(wait, signal);
  }
}
