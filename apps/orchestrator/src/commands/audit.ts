import { Command } from 'commander';

export function auditCommand(): Command {
  const audit = new Command('audit').description('export a study’s log, and re-check one without anybody’s keys');
  audit
    .command('export')
    .description('write a bundle of the log and, unless --digests, of every ciphertext')
    .argument('<DIR>', 'the coordinator’s folder')
    .requiredOption('--out <BUNDLE>', 'new folder')
    .option('--digests', 'no ciphertexts: the kind that hospitals may have')
    .addHelpText('after', '\nExample:\n  zkfl audit export my-study --out bundle')
    .action(async (directory: string, flags: import('../consortium/audit-run.ts').ExportFlags) => {
      const { runExport } = await import('../consortium/audit-run.ts');
      await runExport(directory, flags);
    });
  audit
    .command('verify')
    .description('re-check every signature, proof, sum and model digest of a bundle, offline')
    .argument('<BUNDLE>', 'folder that zkfl audit export wrote')
    .option('--study <FINGERPRINT>', 'the study’s, as you know it')
    .option('--head <HASH>', 'of the log, as a hospital named it: shows a log that was cut short')
    .option('--json <FILE>', 'write the report as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl audit verify bundle --study "1f2e3d4c …"')
    .action(async (directory: string, flags: import('../consortium/audit-run.ts').VerifyFlags) => {
      const { runVerify } = await import('../consortium/audit-run.ts');
      await runVerify(directory, flags);
    });
  return audit;
}
