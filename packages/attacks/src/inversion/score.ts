import { AttackError } from '../errors.ts';
import { type GreyImage, peakSignalToNoise, stretched, structuralSimilarity } from '../metrics/image.ts';

/** How close the best candidate comes to a true picture. */
export interface InversionScore {
  /** Index of the candidate that is most similar (an attacker without the truth can only guess which one). */
  readonly candidate: number;
  /** Index of the picture that it resembles. */
  readonly truth: number;
  readonly ssim: number;
  /** dB. */
  readonly psnr: number;
  /** Mean SSIM of that picture with those of other patients: what a reconstruction has to beat to mean anything. */
  readonly otherPatient: number;
}

/**
 * Compares every candidate (stretched to full contrast, and its negative) with every true picture; the best pair counts,
 * which favours the attacker. `others`: pictures of other patients, at least one, not among the truths.
 */
export function scoreInversion(
  candidates: readonly GreyImage[],
  truths: readonly GreyImage[],
  others: readonly GreyImage[],
): InversionScore {
  for (const [field, list] of Object.entries({ candidates, truths, others }))
    if (list.length === 0)
      throw new AttackError('argument', { operation: 'scoreInversion', field, got: 0, want: 'at least one picture' });
  let best: InversionScore | undefined;
  for (const [candidate, image] of candidates.entries())
    for (const version of [image, stretched(image), stretched(negative(image))])
      for (const [truth, picture] of truths.entries()) {
        const ssim = structuralSimilarity(version, picture);
        if (best !== undefined && ssim <= best.ssim) continue;
        best = { candidate, truth, ssim, psnr: peakSignalToNoise(version, picture), otherPatient: 0 };
      }
  const picture = truths[best!.truth]!;
  const otherPatient = others.reduce((sum, other) => sum + structuralSimilarity(other, picture), 0) / others.length;
  return { ...best!, otherPatient };
}

const negative = (image: GreyImage): GreyImage => ({ ...image, pixels: image.pixels.map((value) => 1 - value) });
