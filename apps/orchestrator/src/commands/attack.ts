import { join } from 'node:path';
import { DEFENCE_NAMES } from '@zkfl/attacks';
import { Command } from 'commander';
import {
  ATTACK_NAMES,
  DOCUMENTED,
  isAsNamed,
  MATRICES,
  type MatrixRequest,
  settleMatrix,
} from '../attack-matrix/plan.ts';
import type { MatrixOutputs } from '../attack-matrix/run.ts';
import { DATASETS, PROTECTIONS } from '../config.ts';
import { ZkflError } from '../errors.ts';
import { integer, listOf, oneOf, positiveNumber } from './options.ts';

interface AttackFlags extends MatrixRequest, Omit<MatrixOutputs, 'quiet'> {
  readonly quiet?: boolean;
  readonly documented?: boolean;
}

const collected = (value: string, before: string[] = []): string[] => [...before, value];

export function attackCommand(): Command {
  return new Command('attack')
    .description('run attacks against defences: a matrix over data, partitions and seeds, with its controls')
    .option('--matrix <NAME>', `one of ${MATRICES.join(', ')} (default: default; full takes hours)`, oneOf(MATRICES))
    .option('--attack <NAME>', `may be repeated; of ${ATTACK_NAMES.join(', ')}`, listOf(ATTACK_NAMES))
    .option('--defence <NAME>', `may be repeated; of ${DEFENCE_NAMES.join(', ')}`, listOf(DEFENCE_NAMES))
    .option('--dataset <NAME>', `may be repeated; of ${DATASETS.join(', ')}`, listOf(DATASETS))
    .option('--data <PATH>', 'pneumoniamnist.npz, for its cells and for inversion')
    .option('--partition <NAME>', 'may be repeated; iid or dirichlet-ALPHA', collected)
    .option('--seeds <N>', 'seeds 1 … N (default 5)', integer(1, 1000))
    .option('--rounds <N>', "rounds (default: the data set's own)", integer(1, 1000))
    .option('--clients <N>', 'hospitals (default 10)', integer(2, 200))
    .option('--malicious <SHARE>', 'share of malicious hospitals, up to 0.5 (default 0.2)', positiveNumber)
    .option('--attack-from <ROUND>', 'first attacked round (default 1)', integer(1, 1000))
    .option(
      '--protection <NAME>',
      'what a deployment would use: full refuses rules that read updates',
      oneOf(PROTECTIONS),
    )
    .option('--threads <N>', 'worker threads (default: one a core)', integer(1, 256))
    .option(
      '--journal <FILE>',
      'where finished cells are kept so that a stopped matrix resumes (default: JSON file + .journal)',
    )
    .option('--json <FILE>', 'write { config, cells, … } as JSON (- for standard output)')
    .option('--csv <FILE>', 'write a line a cell')
    .option('--report <FILE>', 'write a self-contained HTML report')
    .option('--pictures <FILE>', 'write the reconstructions as a PNG grid')
    .option('--results <DIR>', 'write the tables that the documents quote: JSON, Markdown and PNG')
    .option('--documented', 'run every matrix that the documents quote; --data and --results are needed')
    .option('--no-privacy', 'leave out inversion, membership inference and harvesting')
    .option('--no-proofs', 'leave out the comparison with real proofs')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      `
Examples:
  zkfl attack --json attack.json --report attack.html
  zkfl attack --attack adaptive --defence recommended --defence multi-krum --partition dirichlet-0.5
  zkfl attack --dataset pneumoniamnist --data pneumoniamnist.npz --seeds 5 --report xrays.html

Interrupted? The same command goes on with the cells that are missing.`,
    )
    .action(async ({ documented = false, ...flags }: AttackFlags) => {
      const { data, json, csv, report, pictures, results, journal, threads, privacy, proofs, quiet = false } = flags;
      const { runMatrix } = await import('../attack-matrix/run.ts');
      if (!documented) {
        const config = settleMatrix(flags);
        if (results !== undefined && !isAsNamed(config))
          throw new ZkflError('usage', 'attack: results: got a changed matrix, want one as it is named');
        await runMatrix(config, {
          data,
          json,
          csv,
          report,
          pictures,
          results,
          journal,
          threads,
          privacy,
          proofs,
          quiet,
        });
        return;
      }
      for (const field of Object.keys(flags))
        if (!['data', 'results', 'threads', 'quiet', 'privacy', 'proofs'].includes(field))
          throw new ZkflError('usage', `attack: ${field}: got a value beside --documented, want none`);
      if (data === undefined || results === undefined)
        throw new ZkflError('usage', 'attack: documented: got no --data or no --results, want both');
      for (const { matrix, ...parts } of DOCUMENTED) {
        const kept = join(results, `${matrix}.journal`);
        await runMatrix(settleMatrix({ matrix }), { data, results, journal: kept, threads, quiet, ...parts });
      }
    });
}
