import type { SplitDataset } from '../dataset.ts';
import { refuseUnknownOptions } from '../errors.ts';
import { simRng } from '../sim-rng.ts';
import { parseCsv } from './csv.ts';
import { preprocess, standardisation, stratifiedSplit } from './split.ts';

/**
 * Breast Cancer Wisconsin (Diagnostic): 569 patients, 30 features of cell nuclei, malignant (0) or benign (1). Seeded
 * stratified split 64 : 16 : 20, standardised with the training samples' statistics.
 */
export async function loadWdbc(options: { readonly seed: number }): Promise<SplitDataset> {
  refuseUnknownOptions('loadWdbc', options, ['seed']);
  const { WDBC_TABLE } = await import('./wdbc-table.ts');
  const table = parseCsv(WDBC_TABLE, { name: 'wdbc', header: false, classes: ['0', '1'] });
  const named = { ...table, classes: ['malignant', 'benign'] };
  const split = stratifiedSplit(named, { validation: 0.16, test: 0.2 }, simRng(options.seed, 'wdbc'));
  const preprocessing = standardisation(split.train);
  return {
    name: 'wdbc',
    train: preprocess(split.train, preprocessing),
    validation: preprocess(split.validation, preprocessing),
    test: preprocess(split.test, preprocessing),
    preprocessing,
    attribution:
      'Breast Cancer Wisconsin (Diagnostic), Wolberg, Mangasarian, Street and Street, UCI Machine Learning Repository 1995, doi:10.24432/C5DW2B, CC BY 4.0',
  };
}
