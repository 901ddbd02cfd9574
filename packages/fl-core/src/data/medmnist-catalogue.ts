/** One downloadable data set. */
export interface CatalogueEntry {
  readonly name: string;
  readonly url: string;
  /** Of the official file, lower-case hex. */
  readonly md5: string;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  /** Samples of the official split. */
  readonly samples: { readonly train: number; readonly validation: number; readonly test: number };
  readonly licence: string;
  readonly attribution: string;
}

const LICENCE = 'CC BY 4.0';
const CITE = 'MedMNIST v2, Yang et al., Scientific Data 10:41, 2023';

const entry = (
  name: string,
  md5: string,
  channels: 1 | 3,
  samples: readonly [number, number, number],
  classes: readonly string[],
  source: string,
): CatalogueEntry => ({
  name,
  url: `https://zenodo.org/records/10519652/files/${name}.npz?download=1`,
  md5,
  classes,
  channels,
  samples: { train: samples[0], validation: samples[1], test: samples[2] },
  licence: LICENCE,
  attribution: `${CITE}; source: ${source}; ${LICENCE}`,
});

/** MedMNIST v2 at 28×28, one label a sample, CC BY 4.0 (DermaMNIST is CC BY-NC and stays out). */
export const MEDMNIST_CATALOGUE: readonly CatalogueEntry[] = Object.freeze([
  entry(
    'pneumoniamnist',
    '28209eda62fecd6e6a2d98b1501bb15f',
    1,
    [4708, 524, 624],
    ['normal', 'pneumonia'],
    'Kermany et al. 2018',
  ),
  entry(
    'breastmnist',
    '750601b1f35ba3300ea97c75c52ff8f6',
    1,
    [546, 78, 156],
    ['malignant', 'normal or benign'],
    'Al-Dhabyani et al. 2020',
  ),
  entry(
    'bloodmnist',
    '7053d0359d879ad8a5505303e11de1dc',
    3,
    [11_959, 1712, 3421],
    [
      'basophil',
      'eosinophil',
      'erythroblast',
      'immature granulocyte',
      'lymphocyte',
      'monocyte',
      'neutrophil',
      'platelet',
    ],
    'Acevedo et al. 2020',
  ),
  entry(
    'pathmnist',
    'a8b06965200029087d5bd730944a56c1',
    3,
    [89_996, 10_004, 7180],
    [
      'adipose',
      'background',
      'debris',
      'lymphocytes',
      'mucus',
      'smooth muscle',
      'normal colon mucosa',
      'cancer-associated stroma',
      'colorectal adenocarcinoma epithelium',
    ],
    'Kather et al. 2019',
  ),
]);
