import { Command } from 'commander';

export function hospitalCommand(): Command {
  return new Command('hospital')
    .description('take part in a study as one hospital; it resumes where it stopped')
    .argument('<DIR>', 'folder of this hospital: keys, state, model')
    .requiredOption('--invitation <FILE>', 'from the coordinator')
    .option('--data <FILE>', 'CSV (last column the class) or MedMNIST .npz of this hospital; it never leaves it')
    .option('--share', 'demonstration: take this hospital’s part of a data set that is everybody’s')
    .option('--name <TEXT>', 'as the other hospitals see it')
    .option('--url <URL>', 'of the coordinator, where it is not the invitation’s')
    .option('--approve <FINGERPRINT>', 'approve the study with this fingerprint (else asked)')
    .option('--roster <FINGERPRINT>', 'approve the roster with this fingerprint (else asked)')
    .option('--trust-roster', 'demonstration: trust the coordinator for the other hospitals’ keys')
    .option('--passphrase-file <FILE>', 'passphrase of this hospital’s keys (else ZKFL_PASSPHRASE, else asked)')
    .option('--json <FILE>', 'write the outcome as JSON (- for standard output)')
    .addHelpText(
      'after',
      `
Example:
  zkfl hospital hospital-0 --invitation my-study/invitations/hospital-0.json --share --trust-roster

The hospitals of a study share one decryption key: it protects their updates only while none of them works with the
coordinator. Compare the roster's fingerprint with the other hospitals by telephone before you approve it.`,
    )
    .action(async (directory: string, flags: import('../consortium/hospital-run.ts').HospitalFlags) => {
      const { runHospital } = await import('../consortium/hospital-run.ts');
      await runHospital(directory, flags);
    });
}
