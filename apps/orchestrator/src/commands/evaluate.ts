import { Command } from 'commander';
import { writeJson } from '../output.ts';

interface EvaluateFlags {
  readonly model: string;
  readonly data: string;
  readonly json?: string;
}

export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('measure a trained model on data: a MedMNIST .npz (its test part) or a CSV (all rows)')
    .requiredOption('--model <DIR>', 'directory that zkfl simulate --model wrote')
    .requiredOption('--data <PATH>', '.npz or .csv; in a CSV the last column is the class, by number or name')
    .option('--json <FILE>', 'write the figures as JSON (- for standard output)')
    .addHelpText('after', '\nExample:\n  zkfl evaluate --model trained --data wdbc.csv')
    .action(async ({ model, data, json }: EvaluateFlags) => {
      const { evaluateModel } = await import('../evaluation.ts');
      const figures = await evaluateModel(model, data);
      if (json !== undefined) await writeJson(json, figures);
      if (json === '-') return;
      const auc = figures.auc === undefined ? '' : `, AUC ${figures.auc.toFixed(4)}`;
      process.stdout.write(
        `${data}: ${figures.samples} samples, accuracy ${(100 * figures.accuracy).toFixed(1)} %, loss ${figures.loss.toFixed(4)}${auc}\n`,
      );
    });
}
