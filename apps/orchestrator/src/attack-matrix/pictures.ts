import type { GreyImage } from '@zkfl/attacks';
import { encode } from 'fast-png';

/** A grid of grey pictures, a row a case; missing cells stay blank. */
export interface PictureGrid {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (GreyImage | undefined)[])[];
}

/** Screen pixels a picture pixel, and between pictures. */
const ZOOM = 4;
const GAP = 6;

/** PNG bytes of a grid, white between the pictures; all pictures must be of one size. */
export function gridPng({ rows, columns }: PictureGrid): Uint8Array {
  const first = rows.flat().find((image) => image !== undefined);
  const side = { height: (first?.height ?? 1) * ZOOM, width: (first?.width ?? 1) * ZOOM };
  const width = columns.length * (side.width + GAP) + GAP;
  const height = rows.length * (side.height + GAP) + GAP;
  const data = new Uint8Array(width * height).fill(255);
  for (const [r, row] of rows.entries())
    for (const [c, image] of row.entries()) {
      if (image === undefined) continue;
      const [top, left] = [GAP + r * (side.height + GAP), GAP + c * (side.width + GAP)];
      for (let y = 0; y < side.height; y++)
        for (let x = 0; x < side.width; x++) {
          const value = image.pixels[Math.floor(y / ZOOM) * image.width + Math.floor(x / ZOOM)]!;
          data[(top + y) * width + left + x] = Math.round(255 * Math.min(1, Math.max(0, value)));
        }
    }
  return encode({ width, height, data, channels: 1, depth: 8 });
}

export const dataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
