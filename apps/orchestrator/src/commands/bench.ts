import { Command } from 'commander';
import { writeJson } from '../output.ts';
import { oneOf } from './options.ts';

const SUITES = ['kem', 'he', 'zk', 'fl', 'all'] as const;

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure the packages, each figure beside its baseline in the same run')
    .argument('<suite>', `one of ${SUITES.join(', ')}`, oneOf(SUITES))
    .option('--json <FILE>', 'write { machine, rows } as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl bench kem --json kem.json')
    .action(async (suite: (typeof SUITES)[number], { json }: { readonly json?: string }) => {
      const { renderBench, runBench } = await import('../bench/index.ts');
      const result = await runBench(suite);
      (json === '-' ? process.stderr : process.stdout).write(`${renderBench(result)}\n`);
      if (json !== undefined) await writeJson(json, result);
    });
}
