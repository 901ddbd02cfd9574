import type { SimRng } from '@zkfl/fl-core';
import { AttackError } from '../errors.ts';
import type { Gate } from './predicate.ts';

/**
 * What an honest hospital does before it quantises: moves its update (already in integer units) into all gates at once,
 * a rounding error deep. Every gate is convex, so this is a projection, and what it returns passes **always**, whatever
 * the rounding draws: a rounding error is below 1 in each coordinate, so below √D in norm, and that is the margin.
 *
 * `anchor`: a point deeper than the margin inside every gate (see {@link findAnchor}). Doesn't change its arguments.
 */
export function conform(gates: readonly Gate[], update: Float64Array, anchor: Float64Array): Float64Array<ArrayBuffer> {
  const margin = Math.sqrt(update.length);
  const point = new Float64Array(update);
  for (let sweep = 0; sweep < 24 && depth(gates, point) < margin; sweep++)
    for (const gate of gates) projectInto(gate, point, margin * 1.001);
  if (depth(gates, point) >= margin) return point;
  // Alternating projections stopped short: walk towards the anchor until deep enough. Depth is concave on the segment.
  let [inside, outside] = [0, 1];
  const at = (share: number) => point.map((value, i) => anchor[i]! + share * (value - anchor[i]!));
  for (let step = 0; step < 40; step++) {
    const middle = (inside + outside) / 2;
    if (depth(gates, at(middle)) >= margin) inside = middle;
    else outside = middle;
  }
  return at(inside);
}

/**
 * A point at least 2·√D inside every gate, by alternating projections from `start`; `undefined` where none was found in
 * 400 sweeps: the gates leave (almost) no update to agree on.
 */
export function findAnchor(gates: readonly Gate[], start: Float64Array): Float64Array<ArrayBuffer> | undefined {
  const margin = 2 * Math.sqrt(start.length);
  const point = new Float64Array(start);
  for (let sweep = 0; sweep < 400; sweep++) {
    if (depth(gates, point) >= margin) return point;
    for (const gate of gates) projectInto(gate, point, margin * 1.01);
  }
  return undefined;
}

/** Distance to the nearest gate's boundary, negative outside. */
export function depth(gates: readonly Gate[], point: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (const gate of gates) least = Math.min(least, depthIn(gate, point));
  return least;
}

/** Seeded stochastic rounding: each value to one of its two neighbours, right on average. Throws above ±(2³¹ − 1). */
export function stochasticRound(values: Float64Array, rng: SimRng): Int32Array<ArrayBuffer> {
  return Int32Array.from(values, (value) => {
    const below = Math.floor(value);
    const rounded = below + (rng.uniform() < value - below ? 1 : 0);
    if (!(Math.abs(rounded) < 2 ** 31))
      throw new AttackError('not-finite', {
        operation: 'stochasticRound',
        field: 'coordinate',
        got: String(value),
        want: 'below 2³¹ in magnitude',
      });
    return rounded;
  });
}

function depthIn(gate: Gate, point: Float64Array): number {
  switch (gate.kind) {
    case 'norm':
      return Math.sqrt(Number(gate.boundSquared)) - length(point, 0, point.length);
    case 'layer':
      return Math.sqrt(Number(gate.boundSquared)) - length(point, gate.from, gate.to);
    case 'sphere':
      return Math.sqrt(Number(gate.radiusSquared)) - length(point, 0, point.length, gate.reference);
    case 'direction': {
      const scale = length(gate.reference, 0, gate.reference.length);
      // A zero reference asks for 0 ≥ least, the same for every update.
      if (scale === 0) return gate.least <= 0n ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
      return (along(point, gate.reference) - Number(gate.least)) / scale;
    }
  }
}

/** Moves `point` to the nearest place `margin` inside the gate. Mutates. */
function projectInto(gate: Gate, point: Float64Array, margin: number): void {
  const missing = margin - depthIn(gate, point);
  if (!(missing > 0) || !Number.isFinite(missing)) return;
  if (gate.kind === 'direction') {
    const factor = missing / length(gate.reference, 0, gate.reference.length);
    for (let i = 0; i < point.length; i++) point[i] = point[i]! + factor * gate.reference[i]!;
  } else if (gate.kind === 'sphere') {
    shrink(point, 0, point.length, Math.sqrt(Number(gate.radiusSquared)) - margin, gate.reference);
  } else {
    const [from, to] = gate.kind === 'layer' ? [gate.from, gate.to] : [0, point.length];
    shrink(point, from, to, Math.sqrt(Number(gate.boundSquared)) - margin);
  }
}

function shrink(point: Float64Array, from: number, to: number, radius: number, centre?: Int32Array): void {
  const factor = Math.max(0, radius) / length(point, from, to, centre);
  for (let i = from; i < to; i++) {
    const base = centre === undefined ? 0 : centre[i]!;
    point[i] = base + factor * (point[i]! - base);
  }
}

function length(values: ArrayLike<number>, from: number, to: number, centre?: Int32Array): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const value = centre === undefined ? values[i]! : values[i]! - centre[i]!;
    sum += value * value;
  }
  return Math.sqrt(sum);
}

function along(point: Float64Array, reference: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < point.length; i++) sum += point[i]! * reference[i]!;
  return sum;
}
