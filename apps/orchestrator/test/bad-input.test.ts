import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Protection } from '../src/config.ts';
import type { HospitalCommands } from '../src/simulate/commands.ts';
import { Consortium } from '../src/simulate/consortium.ts';
import type { Tamper } from '../src/simulate/hospital-host.ts';
import { type HospitalThread, startHospitalHere } from '../src/simulate/hospital-thread.ts';
import type { RunResult } from '../src/simulate/result.ts';
import { decodeMessage, encodeMessage, type Message } from '../src/simulate/wire.ts';
import { resolveStudy } from '../src/study.ts';

type Update = Extract<Message, { kind: 'update' }>;
const OFFENDER = 2;
const ROUNDS = 3;

/** Real hospitals on this thread; hospital 2 is compromised from round 2 on. */
async function runWith(protection: Protection, tamper: Tamper): Promise<RunResult> {
  const study = await resolveStudy({ rounds: ROUNDS, clients: 4, alpha: null, localEpochs: 1 });
  const start = (id: number): HospitalThread => startHospitalHere(id, id === OFFENDER ? tamper : undefined);
  const consortium = await Consortium.start(study, start);
  try {
    return (await consortium.run({ protection, attack: null })).result;
  } finally {
    await consortium.close();
  }
}

/** Changes the updates of rounds from 2 on and leaves the other messages alone. */
const onUpdate =
  (change: (update: Update, bytes: Uint8Array) => readonly Uint8Array[]): Tamper =>
  (bytes) => {
    const message = decodeMessage(bytes);
    return message.kind === 'update' && message.round > 1 ? change(message, bytes) : [bytes];
  };

const resend = (change: (update: Update) => Partial<Update>): Tamper =>
  onUpdate((update) => [encodeMessage({ ...update, ...change(update) })]);

function withFloat(payload: Uint8Array, value: number): Uint8Array {
  const copy = payload.slice();
  new DataView(copy.buffer).setFloat32(400, value, true);
  return copy;
}

/** The offender is named once a round from round 2 on, everybody else is accepted, and the model still learns. */
function expectRejectedByName(result: RunResult, reason: RegExp): void {
  expect(result.rounds[0]?.rejected).toEqual([]);
  expect(result.rounds[0]?.accepted).toEqual([0, 1, 2, 3]);
  for (const round of result.rounds.slice(1)) {
    expect(round.rejected).toEqual([{ client: OFFENDER, reason: expect.stringMatching(reason) }]);
    expect(round.accepted).toEqual([0, 1, 3]);
  }
  expect(result.rounds).toHaveLength(ROUNDS);
  expect(result.final.accuracy).toBeGreaterThan(0.85);
}

describe('a round goes on without a client that sends what does not fit', () => {
  it('the wrong length', async () => {
    const tamper = resend(({ payload }) => ({ payload: payload.subarray(4) }));
    expectRejectedByName(await runWith('plain', tamper), /length: got 6212 B, want 6216 B/);
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ])('%s', async (text, value) => {
    const tamper = resend(({ payload }) => ({ payload: withFloat(payload, value) }));
    expectRejectedByName(await runWith('kem', tamper), new RegExp(`coordinate 100: got ${text}`));
  });

  it("another study's message", async () => {
    const tamper = resend(() => ({ study: 'ab'.repeat(32) }));
    expectRejectedByName(await runWith('kem', tamper), /another study/);
  });

  it("another round's message", async () => {
    const tamper = resend(({ round }) => ({ round: round - 1 }));
    expectRejectedByName(await runWith('kem', tamper), /round: got \d, want \d/);
  });

  it('a replayed message of an earlier round', async () => {
    let first: Uint8Array | undefined;
    const tamper: Tamper = (bytes) => {
      const message = decodeMessage(bytes);
      if (message.kind !== 'update') return [bytes];
      first ??= bytes.slice();
      return [first.slice()];
    };
    expectRejectedByName(await runWith('kem', tamper), /round: got 1, want \d/);
  });

  it("another client's name", async () => {
    const tamper = resend(() => ({ client: 0 }));
    expectRejectedByName(await runWith('kem', tamper), /client: got 0, want 2/);
  });

  it('an update of another model', async () => {
    const tamper = resend(() => ({ model: 'cd'.repeat(32) }));
    expectRejectedByName(await runWith('kem', tamper), /another model/);
  });

  it('a proof where none is asked for', async () => {
    const tamper = resend(() => ({ proof: new Uint8Array(10) }));
    expectRejectedByName(await runWith('kem', tamper), /proof: got 10 B, want none/);
  });

  it.each([
    ['cut', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
    ['with a byte too many', (bytes: Uint8Array) => Uint8Array.from([...bytes, 0])],
    ['of another version', (bytes: Uint8Array) => Uint8Array.from([9, ...bytes.subarray(1)])],
    ['of an unknown kind', (bytes: Uint8Array) => Uint8Array.from([1, 99, ...bytes.subarray(2)])],
    ['empty', () => new Uint8Array()],
  ])('a message %s', async (_, change) => {
    const tamper = onUpdate((_update, bytes) => [change(bytes)]);
    expectRejectedByName(await runWith('kem', tamper), /message: /);
  });

  it('a ciphertext that fails the gate: a residue at or above its prime', async () => {
    const tamper = resend(({ payload }) => ({ payload: payload.slice().fill(0xff, 16) }));
    expectRejectedByName(await runWith('kem+he', tamper), /residue at or above its prime/);
  });

  it('a ciphertext that fails the gate: a second half of zeros', async () => {
    const tamper = resend(({ payload }) => ({ payload: payload.slice().fill(0, 16) }));
    expectRejectedByName(await runWith('kem+he', tamper), /second half of zeros/);
  });

  it('a ciphertext that fails the gate: the wrong length', async () => {
    const tamper = resend(({ payload }) => ({ payload: payload.subarray(0, 1000) }));
    expectRejectedByName(await runWith('kem+he', tamper), /length: got 1000, want/);
  });

  it('floats where a ciphertext is due', async () => {
    const tamper = resend(() => ({ payload: new Uint8Array(6216) }));
    expectRejectedByName(await runWith('kem+he', tamper), /length: got 6216, want/);
  });
});

/** Somebody on the wire of the offender: sees every sealed frame that goes up, and decides what the coordinator gets. */
function interceptWire(thread: HospitalThread, pass: (frame: Uint8Array) => readonly Uint8Array[]): HospitalThread {
  const { commands } = thread;
  const join: typeof commands.join = ({ plan, port }) => {
    const { port1, port2 } = new MessageChannel();
    port.on('message', (frame) => port1.postMessage(frame));
    port.on('close', () => port1.close());
    port1.on('message', (frame: Uint8Array) => {
      for (const passed of pass(frame)) port.postMessage(passed);
    });
    port1.on('close', () => port.close());
    return commands.join({ plan, port: port2 });
  };
  return { ...thread, commands: { ...bound(thread), join } };
}

/** The commands as plain functions, to replace some of them. */
function bound({ commands }: HospitalThread): HospitalCommands {
  return {
    setup: (input) => commands.setup(input),
    join: (input) => commands.join(input),
    connect: (input) => commands.connect(input),
    account: () => commands.account(),
    evaluate: () => commands.evaluate(),
    weights: () => commands.weights(),
    leave: () => commands.leave(),
  };
}

describe('the wire of a hospital under attack', () => {
  const STUDY = { rounds: ROUNDS, clients: 4, alpha: null, localEpochs: 1 } as const;
  // Handshake messages 1 and 3, then an update and an acknowledgement a round.
  const UPDATE_OF_ROUND_1 = 2;
  const UPDATE_OF_ROUND_2 = 4;

  async function runOnWire(pass: (frame: Uint8Array, index: number) => readonly Uint8Array[]): Promise<RunResult> {
    let index = 0;
    const start = (id: number) =>
      id === OFFENDER ? interceptWire(startHospitalHere(id), (frame) => pass(frame, index++)) : startHospitalHere(id);
    const consortium = await Consortium.start(await resolveStudy(STUDY), start);
    try {
      return (await consortium.run({ protection: 'kem', attack: null })).result;
    } finally {
      await consortium.close();
    }
  }

  it('a sealed envelope of an earlier round, replayed, is rejected by its sequence number', async () => {
    let recorded: Uint8Array | undefined;
    const result = await runOnWire((frame, index) => {
      if (index === UPDATE_OF_ROUND_1) recorded = frame.slice();
      return index === UPDATE_OF_ROUND_2 ? [recorded!.slice(), frame] : [frame];
    });
    expect(result.rounds[1]?.rejected).toEqual([{ client: OFFENDER, reason: expect.stringMatching(/sequence: got/) }]);
    // The replay changed nothing in the session: the hospital is back in the next round.
    expect(result.rounds.map(({ accepted }) => accepted)).toEqual([
      [0, 1, 2, 3],
      [0, 1, 3],
      [0, 1, 2, 3],
    ]);
  });

  it('an envelope sent twice counts once, and the second is on record', async () => {
    const result = await runOnWire((frame, index) => (index === UPDATE_OF_ROUND_2 ? [frame, frame.slice()] : [frame]));
    expect(result.rounds.map(({ rejected }) => rejected)).toEqual([[], [], []]);
    expect(result.rounds.flatMap(({ refused = [] }) => refused)).toContainEqual({
      client: OFFENDER,
      reason: expect.stringMatching(/sequence: got/),
    });
  });

  it('an envelope with one bit flipped is rejected, and the torn channel stalls nobody', async () => {
    const result = await runOnWire((frame, index) => {
      if (index === UPDATE_OF_ROUND_2) frame[frame.length >> 1]! ^= 1;
      return [frame];
    });
    // The session has lost a record: what comes after it does not fit either.
    for (const round of result.rounds.slice(1)) {
      expect(round.rejected).toEqual([{ client: OFFENDER, reason: expect.stringMatching(/got|want/) }]);
      expect(round.accepted).toEqual([0, 1, 3]);
    }
  });
});

describe('before the first round', () => {
  it('a hospital that cannot connect ends the run with its reason instead of keeping everybody waiting', async () => {
    const study = await resolveStudy({ rounds: 1, clients: 3, alpha: null, localEpochs: 1 });
    const consortium = await Consortium.start(study, (id) => {
      const thread = startHospitalHere(id);
      if (id !== OFFENDER) return thread;
      const connect = async () => Promise.reject(new Error('no keys today'));
      return { ...thread, commands: { ...bound(thread), connect } };
    });
    await expect(consortium.run({ protection: 'kem', attack: null })).rejects.toThrow('no keys today');
    await consortium.close();
  });
});

describe('after the sum', () => {
  it('a hospital that claims another model is on record and moves nobody', async () => {
    const tamper: Tamper = (bytes) => {
      const message = decodeMessage(bytes);
      return [message.kind === 'applied' ? encodeMessage({ ...message, model: 'ef'.repeat(32) }) : bytes];
    };
    const result = await runWith('kem', tamper);
    for (const round of result.rounds) {
      expect(round.accepted).toEqual([0, 1, 2, 3]);
      expect(round.refused).toEqual([{ client: OFFENDER, reason: expect.stringMatching(/another digest/) }]);
    }
  });

  it('a hospital that answers with nonsense is not waited for', async () => {
    const tamper: Tamper = (bytes) => [decodeMessage(bytes).kind === 'applied' ? Uint8Array.of(7) : bytes];
    const result = await runWith('kem', tamper);
    expect(result.rounds.map(({ accepted }) => accepted)).toEqual(Array.from({ length: ROUNDS }, () => [0, 1, 2, 3]));
    expect(result.final.accuracy).toBeGreaterThan(0.85);
  });
});

describe('one update a round and client', () => {
  it('a second message of the round changes nothing: the first one counts', async () => {
    const twice = onUpdate((update, bytes) => [
      bytes.slice(),
      encodeMessage({ ...update, payload: withFloat(update.payload, 1e6) }),
    ]);
    const [once, doubled] = [await runWith('kem', (bytes) => [bytes]), await runWith('kem', twice)];
    expect(doubled.rounds.map(({ accuracy, accepted, rejected }) => ({ accuracy, accepted, rejected }))).toEqual(
      once.rounds.map(({ accuracy, accepted, rejected }) => ({ accuracy, accepted, rejected })),
    );
    expect(doubled.rounds[1]?.refused).toEqual([{ client: OFFENDER, reason: 'already-received' }]);
  });
});
