import { encodePicture, type Picture, requireSameSize, sizeOf } from './picture.ts';

export interface Comparison {
  readonly viewport: string;
  readonly changed_pixels: number;
  readonly total_pixels: number;
  /** Changed pixels of all pixels: 0 to 1. */
  readonly diff_score: number;
}

/** A pixel is changed when any of its four channels differs at all. Throws `invalid_value` for pictures of two sizes. */
export function comparePictures(reference: Picture, candidate: Picture): Comparison {
  const { width, height } = reference;
  requireSameSize(reference, candidate);
  const total = width * height;
  let changed = 0;
  for (let pixel = 0; pixel < total; pixel += 1) if (isChanged(reference, candidate, pixel)) changed += 1;
  return { viewport: sizeOf(reference), changed_pixels: changed, total_pixels: total, diff_score: changed / total };
}

/** A PNG of the same size: changed pixels red, the others transparent. */
export function drawDifference(reference: Picture, candidate: Picture): Buffer {
  const { width, height } = reference;
  const pixels = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    if (!isChanged(reference, candidate, pixel)) continue;
    pixels[pixel * 4] = 255;
    pixels[pixel * 4 + 3] = 255;
  }
  return encodePicture(width, height, pixels);
}

function isChanged({ pixels: a }: Picture, { pixels: b }: Picture, pixel: number): boolean {
  const at = pixel * 4;
  return a[at] !== b[at] || a[at + 1] !== b[at + 1] || a[at + 2] !== b[at + 2] || a[at + 3] !== b[at + 3];
}
