import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { io } from '@tensorflow/tfjs-core';
import { currentBackend } from './backend.ts';
import type { Preprocessing } from './dataset.ts';
import { FlCoreError } from './errors.ts';
import { toLayersModel } from './layers-model.ts';
import {
  checkModelSpec,
  inputShape,
  type ModelSpec,
  modelLayout,
  type ParameterTensor,
  parameterCount,
  requireModelSize,
} from './model-spec.ts';
import { requireFinite } from './strategy.ts';

/** A trained model with what is needed to use it. */
export interface TrainedModel {
  readonly spec: ModelSpec;
  readonly weights: Float32Array;
  readonly preprocessing: Preprocessing;
  readonly classes: readonly string[];
  /** Names the data set it was trained on. */
  readonly dataset: string;
  /** Digest of the run's record, 64 lower-case hex digits. */
  readonly run: string;
}

/** The two files of the TF.js layers format, as the app writes them beside each other. */
export interface ModelFiles {
  /** model.json; refers to weights.bin. */
  readonly modelJson: string;
  readonly weightsBin: Uint8Array<ArrayBuffer>;
}

const WEIGHTS_FILE = 'weights.bin';
const METADATA = 'zkfl/v1/model';
const HEX = /^[0-9a-f]{64}$/;

/** SHA-256 of the flat model's little-endian float32 bytes: what parties compare to know that they hold one model. */
export function modelDigest(weights: Float32Array): string {
  return bytesToHex(sha256(littleEndian(weights)));
}

/** Writes the TF.js layers format; preprocessing, classes and the run's digest travel as user-defined metadata. */
export async function writeModelFiles(trained: TrainedModel): Promise<ModelFiles> {
  const { spec, weights, preprocessing, classes, dataset, run } = trained;
  requireModelSize('writeModelFiles', weights, parameterCount(spec));
  requireFinite('writeModelFiles', weights);
  checkNames('writeModelFiles', spec, classes, run);
  checkPreprocessing('writeModelFiles', spec, preprocessing);
  const { tf } = await currentBackend();
  const model = await toLayersModel(spec, weights);
  let saved: io.ModelArtifacts | undefined;
  try {
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
  } finally {
    model.dispose();
  }
  const document = {
    format: 'layers-model',
    generatedBy: saved!.generatedBy,
    convertedBy: null,
    modelTopology: saved!.modelTopology,
    userDefinedMetadata: {
      [METADATA]: { spec, preprocessing, classes, dataset, run, weights: modelDigest(weights) },
    },
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: saved!.weightSpecs }],
  };
  return { modelJson: `${JSON.stringify(document, null, 2)}\n`, weightsBin: littleEndian(weights) };
}

/** Reads what {@link writeModelFiles} wrote; throws `data-format`, `data-shape`, `data-digest` or `not-finite`. */
export function readModelFiles({ modelJson, weightsBin }: ModelFiles): TrainedModel {
  const operation = 'readModelFiles';
  const document = parseObject(operation, modelJson);
  const metadata = field(operation, field(operation, document, 'userDefinedMetadata'), METADATA);
  const spec = checkModelSpec(field(operation, metadata, 'spec') as unknown as ModelSpec);
  const classes = strings(operation, metadata, 'classes');
  const { run, dataset, weights: digest } = metadata as { run: unknown; dataset: unknown; weights: unknown };
  checkNames(operation, spec, classes, run);
  const preprocessing = field(operation, metadata, 'preprocessing') as unknown as Preprocessing;
  checkPreprocessing(operation, spec, preprocessing);
  checkManifest(operation, document, modelLayout(spec));
  const want = 4 * parameterCount(spec);
  if (weightsBin.length !== want)
    throw new FlCoreError('data-shape', { operation, field: WEIGHTS_FILE, got: weightsBin.length, want });
  const view = new DataView(weightsBin.buffer, weightsBin.byteOffset, weightsBin.byteLength);
  const weights = Float32Array.from({ length: want / 4 }, (_, i) => view.getFloat32(4 * i, true));
  requireFinite(operation, weights);
  const got = modelDigest(weights);
  if (digest !== got)
    throw new FlCoreError('data-digest', { operation, field: WEIGHTS_FILE, got, want: String(digest) });
  return { spec, weights, preprocessing, classes, dataset: String(dataset), run: run as string };
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(operation: string, text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FlCoreError('data-format', { operation, field: 'model.json', want: 'JSON' }, { cause });
  }
  return asFields(operation, 'model.json', parsed);
}

function asFields(operation: string, name: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FlCoreError('data-format', { operation, field: name, got: typeof value, want: 'an object' });
  return value as Fields;
}

const field = (operation: string, parent: Fields, name: string) => asFields(operation, name, parent[name]);

function strings(operation: string, parent: Fields, name: string): readonly string[] {
  const value = parent[name];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new FlCoreError('data-format', { operation, field: name, want: 'a list of strings' });
  return value;
}

function checkNames(operation: string, spec: ModelSpec, classes: readonly string[], run: unknown): void {
  if (classes.length !== spec.classes)
    throw new FlCoreError('data-shape', { operation, field: 'classes', got: classes.length, want: spec.classes });
  if (typeof run !== 'string' || !HEX.test(run))
    throw new FlCoreError('data-format', { operation, field: 'run', got: String(run), want: '64 hex digits' });
}

function checkPreprocessing(operation: string, spec: ModelSpec, preprocessing: Preprocessing): void {
  const width = inputShape(spec).reduce((product, n) => product * n, 1);
  for (const name of ['scale', 'offset'] as const) {
    const values: unknown = preprocessing[name];
    if (!Array.isArray(values) || !values.every((x) => Number.isFinite(x)))
      throw new FlCoreError('data-format', { operation, field: `preprocessing.${name}`, want: 'finite numbers' });
    if (values.length !== 1 && values.length !== width)
      throw new FlCoreError('data-shape', {
        operation,
        field: `preprocessing.${name}`,
        got: values.length,
        want: `1 or ${width}`,
      });
  }
  if (typeof preprocessing.description !== 'string')
    throw new FlCoreError('data-format', { operation, field: 'preprocessing.description', want: 'text' });
}

/** The file's tensors must be exactly the model's, in layout order. */
function checkManifest(operation: string, document: Fields, layout: readonly ParameterTensor[]): void {
  const want = JSON.stringify([
    { paths: [WEIGHTS_FILE], weights: layout.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) },
  ]);
  if (JSON.stringify(document['weightsManifest']) !== want)
    throw new FlCoreError('data-shape', { operation, field: 'weightsManifest', got: 'other tensors', want });
}

function littleEndian(weights: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * weights.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < weights.length; i++) view.setFloat32(4 * i, weights[i]!, true);
  return bytes;
}
