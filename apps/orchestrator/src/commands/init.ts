import { Command } from 'commander';
import { integer, oneOf, positiveNumber } from './options.ts';

const DEMO_DATA = ['wdbc', 'published', 'pneumoniamnist'] as const;

export function initCommand(): Command {
  return new Command('init')
    .description('make a study: signed study file, coordinator keys, one invitation for each hospital')
    .argument('<DIR>', 'new folder of the coordinator')
    .option('--dataset <NAME>', `demonstration on ${DEMO_DATA.join(', ')}`, oneOf(DEMO_DATA))
    .option('--config <FILE>', 'JSON of a study of your own')
    .option('--name <TEXT>', 'of the study')
    .option('--hospitals <N>', 'hospitals (default 5)', integer(2, 500))
    .option('--rounds <N>', 'rounds (default: the data set’s)', integer(1, 1000))
    .option('--seed <N>', 'of initial model, shuffles and rounding (default 42)', integer(0, 0xffff_ffff))
    .option('--tau <T>', 'largest l2 norm of an accepted update (default 5)', positiveNumber)
    .option('--protection <NAME>', 'full (proven) or kem+he (default full)', oneOf(['full', 'kem+he'] as const))
    .option('--deadline <SECONDS>', 'until a round closes without the missing (default 600)', positiveNumber)
    .option(
      '--cohort <N>',
      'fewest updates that are added up (default half of the hospitals, at least 3)',
      integer(2, 500),
    )
    .option('--url <URL>', 'where hospitals reach the coordinator', 'http://127.0.0.1:7464')
    .option('--passphrase-file <FILE>', 'passphrase of the coordinator’s keys (else ZKFL_PASSPHRASE, else asked)')
    .option('--json <FILE>', 'write where everything is as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl init my-study --dataset wdbc --hospitals 2 --rounds 5')
    .action(async (directory: string, flags: import('../consortium/study-setup.ts').InitFlags) => {
      const { setUpStudy } = await import('../consortium/study-setup.ts');
      await setUpStudy(directory, flags);
    });
}
