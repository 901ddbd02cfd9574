import { Command } from 'commander';

export function statusCommand(): Command {
  return new Command('status')
    .description('ask a coordinator how its study stands')
    .argument('[URL]', 'of the coordinator', 'http://127.0.0.1:7464')
    .option('--json <FILE>', 'write the answer as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl status http://127.0.0.1:7464')
    .action(async (url: string, { json }: { readonly json?: string }) => {
      const { printStatus } = await import('../consortium/status.ts');
      await printStatus(url, json);
    });
}
