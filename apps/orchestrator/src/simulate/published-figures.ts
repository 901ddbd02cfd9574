import type { AttackName } from '../config.ts';

/** What the published system does under an attack: arXiv 2603.03398v1 and its public code, run again. */
export interface PublishedFigure {
  readonly rejected: string;
  readonly accuracy: string;
}

/** The published system without proofs: nobody is rejected. */
export const PUBLISHED_UNPROTECTED: PublishedFigure = { rejected: '0 of 7', accuracy: '23.0 %' };

/** Only what was published or measured with that code; null where neither says anything. */
export const PUBLISHED_FIGURES: Readonly<Record<AttackName, PublishedFigure | null>> = {
  published: { rejected: '7 of 7', accuracy: '100 %' },
  'prefix-256': { rejected: '0 of 7', accuracy: '17.5–37 %' },
  'prefix-512': { rejected: '0 of 7', accuracy: '25.5 %' },
  'foreign-proof': null,
  'replayed-proof': null,
  'lying-flag': null,
};
