import { Command } from 'commander';

export function dataCommand(): Command {
  const data = new Command('data').description('data sets: what there is, download, check');
  data
    .command('list')
    .description('what is built in, cached or to download')
    .option('--json <FILE>', 'write the list as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl data list')
    .action(async (flags: { readonly json?: string }) => (await import('../data-sets.ts')).listDatasets(flags));
  data
    .command('get')
    .description('download a data set into the cache, checked by its MD5')
    .argument('<name>', 'e.g. pneumoniamnist')
    .option('--quiet', 'no progress')
    .addHelpText('after', '\nExample:\n  zkfl data get pneumoniamnist')
    .action(async (name: string, flags: { readonly quiet?: boolean }) =>
      (await import('../data-sets.ts')).getDataset(name, flags),
    );
  data
    .command('check')
    .description('is the file intact, well formed and the official one?')
    .argument('<name>', 'e.g. pneumoniamnist')
    .option('--data <PATH>', 'the file (default: the cached one)')
    .option('--json <FILE>', 'write the findings as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl data check pneumoniamnist --data pneumoniamnist.npz')
    .action(async (name: string, flags: { readonly data?: string; readonly json?: string }) =>
      (await import('../data-sets.ts')).checkDataset(name, flags),
    );
  return data;
}
