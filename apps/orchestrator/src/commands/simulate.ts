import { Command } from 'commander';
import {
  ATTACKS,
  DATASETS,
  PROTECTIONS,
  parseSimulateConfig,
  readSimulateConfig,
  type SimulateConfig,
} from '../config.ts';
import { integer, listOf, oneOf, positiveNumber } from './options.ts';

interface SimulateFlags
  extends Omit<SimulateConfig, 'localEpochs' | 'batchSize' | 'learningRate' | 'optimizer' | 'alpha'> {
  readonly config?: string;
  readonly json?: string;
  readonly report?: string;
  readonly model?: string;
  readonly quiet?: boolean;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('run coordinator and hospitals on this machine and compare protections')
    .option('--preset <NAME>', 'published: the experiment of arXiv 2603.03398 to the letter', oneOf(['published']))
    .option('--dataset <NAME>', `one of ${DATASETS.join(', ')} (default wdbc)`, oneOf(DATASETS))
    .option('--data <PATH>', 'file of a data set that is not built in')
    .option('--clients <N>', 'hospitals (default 5)', integer(1, 64))
    .option('--rounds <N>', 'rounds (default 10)', integer(1, 1000))
    .option('--seed <N>', 'of data split, initial model, shuffles and rounding (default 42)', integer(0, 0xffff_ffff))
    .option('--attack <NAME>', `one of ${ATTACKS.join(', ')}, all`, oneOf([...ATTACKS, 'all']))
    .option('--protection <NAME>', `one of ${PROTECTIONS.join(', ')}; may be repeated`, listOf(PROTECTIONS))
    .option('--tau <T>', 'largest l2 norm of an accepted update (default 5)', positiveNumber)
    .option('--layer-tau <T>', 'also bound each layer of an update by this l2 norm (default: no bound)', positiveNumber)
    .option('--config <FILE>', 'JSON with the same settings and those of the training; options win')
    .option('--json <FILE>', 'write the results as JSON (- for standard output)')
    .option('--report <FILE>', 'write a self-contained HTML report')
    .option('--model <DIR>', 'write the trained model of the last run')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      `
Examples:
  zkfl simulate
  zkfl simulate --preset published --attack published --protection plain --protection kem+he
  zkfl simulate --dataset pneumoniamnist --data pneumoniamnist.npz --json out.json --report out.html

A configuration file may also hold localEpochs, batchSize, learningRate, optimizer (sgd, adam) and alpha
(Dirichlet concentration; null deals the samples out evenly).`,
    )
    .action(async (flags: SimulateFlags) => {
      const { config, json, report, model, quiet, ...given } = flags;
      const file = config === undefined ? {} : await readSimulateConfig(config);
      const settings = parseSimulateConfig({ ...file, ...given }, 'simulate');
      const { runSimulation } = await import('../simulate/simulate.ts');
      await runSimulation(settings, { json, report, model, quiet: quiet ?? false });
    });
}
