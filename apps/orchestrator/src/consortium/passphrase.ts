import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ZkflError } from '../errors.ts';

/** Asks on the terminal; what is typed is not shown where `hidden`. Throws `usage` where there is no terminal. */
export async function ask(
  question: string,
  { hidden, instead }: { hidden: boolean; instead: string },
): Promise<string> {
  if (!process.stdin.isTTY) throw new ZkflError('usage', `${question}: got no terminal to ask on, want ${instead}`);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(`${question}: `);
  const lines = createInterface({ input: process.stdin, output: hidden ? silent : process.stderr, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(new ZkflError('usage', `${question}: got no answer`)));
    });
  } finally {
    lines.close();
    if (hidden) process.stderr.write('\n');
  }
}

/** Of `--passphrase-file`, else ZKFL_PASSPHRASE, else typed. One trailing line break of a file does not count. */
export async function passphrase(file: string | undefined): Promise<string> {
  if (file !== undefined) {
    try {
      return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    } catch (cause) {
      throw new ZkflError('identity', `passphrase: ${file}: cannot be read`, { file }, cause);
    }
  }
  const given = process.env['ZKFL_PASSPHRASE'];
  if (given !== undefined && given !== '') return given;
  return ask('passphrase', { hidden: true, instead: '--passphrase-file FILE or ZKFL_PASSPHRASE' });
}
