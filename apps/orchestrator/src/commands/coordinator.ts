import { Command } from 'commander';
import { integer } from './options.ts';

export function coordinatorCommand(): Command {
  return new Command('coordinator')
    .description('run the coordinator of a study; it resumes where it stopped')
    .argument('<DIR>', 'folder that zkfl init made')
    .option('--host <ADDRESS>', 'to listen on', '127.0.0.1')
    .option('--port <N>', 'to listen on', integer(0, 65_535), 7464)
    .option('--threads <N>', 'that verify proofs (default: one a core)', integer(1, 1024))
    .option('--tls-cert <FILE>', 'PEM; updates are sealed with or without TLS')
    .option('--tls-key <FILE>', 'PEM')
    .option('--dashboard-token <TEXT>', 'for dashboard and metrics (else ZKFL_DASHBOARD_TOKEN, else both are off)')
    .option('--per-minute <N>', 'enrolments and handshakes a minute and address (default 600)', integer(1, 1_000_000))
    .option('--start-with-enrolled', 'close enrolment now, with the hospitals that have enrolled')
    .option('--exit-when-finished', 'stop some seconds after the last round')
    .option('--passphrase-file <FILE>', 'passphrase of the keys (else ZKFL_PASSPHRASE, else asked)')
    .option('--log-level <LEVEL>', 'trace, debug, info, warn, error, silent', 'info')
    .addHelpText(
      'after',
      '\nExample:\n  zkfl coordinator my-study --dashboard-token "$(openssl rand -hex 16)"\n\nOne-key mode protects updates only while no hospital works with the coordinator.',
    )
    .action(async (directory: string, flags: import('../consortium/coordinator-run.ts').CoordinatorFlags) => {
      const { runCoordinator } = await import('../consortium/coordinator-run.ts');
      await runCoordinator(directory, flags);
    });
}
