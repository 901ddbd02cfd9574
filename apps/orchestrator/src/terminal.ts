import { SingleBar } from 'cli-progress';
import pc from 'picocolors';

/** Colours only on a terminal and never against NO_COLOR. */
export function paints(stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> {
  return pc.createColors(Boolean(stream.isTTY) && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb');
}

/** Live progress on stderr: a bar on a terminal, a line a step elsewhere, nothing when quiet. */
export interface Progress {
  start(label: string, total: number): void;
  step(done: number, note: string): void;
  stop(): void;
}

const SILENT: Progress = { start() {}, step() {}, stop() {} };

function barProgress(): Progress {
  const paint = paints(process.stderr);
  const bar = new SingleBar({
    format: `${paint.cyan('{label}')} {bar} {value}/{total} {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  return {
    start: (label, total) => bar.start(total, 0, { label, note: '' }),
    step: (done, note) => bar.update(done, { note }),
    stop: () => bar.stop(),
  };
}

function lineProgress(): Progress {
  let label = '';
  let total = 0;
  return {
    start(name, count) {
      label = name;
      total = count;
    },
    step: (done, note) => process.stderr.write(`${label} ${done}/${total} ${note}\n`),
    stop() {},
  };
}

export function createProgress(options: { readonly quiet: boolean }): Progress {
  if (options.quiet) return SILENT;
  return process.stderr.isTTY ? barProgress() : lineProgress();
}
