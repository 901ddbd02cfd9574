import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const FLAGS = ['--conditions=@zkfl/source', '--disable-warning=ExperimentalWarning'];
export const PASSPHRASE = 'a passphrase of a test';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** One `zkfl` process; the ones that a test forgets end with it. */
export class Zkfl {
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
  out = '';
  err = '';

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [...FLAGS, MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ZKFL_PASSPHRASE: PASSPHRASE, NO_COLOR: '1', ...env },
    });
    this.child.stdout!.on('data', (chunk) => {
      this.out += chunk;
    });
    this.child.stderr!.on('data', (chunk) => {
      this.err += chunk;
    });
    this.done = new Promise((resolve) =>
      this.child.once('close', (code, signal) => resolve({ code, signal, out: this.out, err: this.err })),
    );
  }

  /** kill -9 */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.done;
  }

  /** Until `text` was printed; throws where the process ends first. */
  async said(text: string | RegExp): Promise<void> {
    for (;;) {
      const all = this.out + this.err;
      if (typeof text === 'string' ? all.includes(text) : text.test(all)) return;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`zkfl ended before it said ${text}:\n${all}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export const zkfl = (...args: string[]): Promise<Finished> => new Zkfl(args).done;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
