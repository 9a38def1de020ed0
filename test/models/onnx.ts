/**
 * Builds small ONNX networks for tests, as the bytes of onnx.proto (github.com/onnx/onnx, IR version 8), so that no
 * test needs Python or a trained network.
 */
import protobuf from 'protobufjs';

const ONNX = protobuf
  .parse(
    `
  syntax = "proto3";
  message Attribute { string name = 1; float f = 2; int64 i = 3; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20; }
  message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
  message OperatorSet { string domain = 1; int64 version = 2; }
  message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`,
    { keepCase: true },
  )
  .root.lookupType('Model');

const FLOAT = 1;
const UINT8 = 2;
const INT64 = 7;

type AttributeValue = number | { float: number } | number[];

interface NodeSpec {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, AttributeValue>;
  name?: string;
}

interface GraphSpec {
  nodes: NodeSpec[];
  weights: Record<string, { dims: number[]; values: Float32Array | BigInt64Array }>;
  inputShape: (number | string)[];
  outputs: Record<string, (number | string)[]>;
}

function encodeAttribute(name: string, value: AttributeValue): object {
  if (Array.isArray(value)) return { name, ints: value, type: 7 };
  if (typeof value === 'object') return { name, f: value.float, type: 1 };
  return { name, i: value, type: 2 };
}

function encodeValue(name: string, type: number, shape: (number | string)[]): object {
  const dim = shape.map((size) => (typeof size === 'string' ? { dim_param: size } : { dim_value: size }));
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}

function encodeGraph(spec: GraphSpec): Uint8Array {
  return ONNX.encode(
    ONNX.fromObject({
      ir_version: 8,
      producer_name: 'serieswise tests',
      opset_import: [{ domain: '', version: 17 }],
      graph: {
        name: 'test',
        node: spec.nodes.map(({ op, inputs, outputs, attributes = {}, name }, index) => ({
          op_type: op,
          name: name ?? `node${index}`,
          input: inputs,
          output: outputs,
          attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
        })),
        initializer: Object.entries(spec.weights).map(([name, { dims, values }]) => ({
          name,
          dims,
          data_type: values instanceof BigInt64Array ? INT64 : FLOAT,
          raw_data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        })),
        input: [encodeValue('volume', UINT8, spec.inputShape)],
        output: Object.entries(spec.outputs).map(([name, shape]) => encodeValue(name, FLOAT, shape)),
      },
    }),
  ).finish();
}

/** Weights from a small generator: the same network for the same seed. */
function makeWeights(count: number, scale: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2_147_483_648 - 1) * scale;
  });
}

/** Numbers of classes of the three tasks; leave one out for a network without that head. */
export type Heads = Partial<Record<'body_part' | 'axis' | 'contrast', number>>;

const int64 = (...values: number[]) => ({
  dims: [values.length],
  values: BigInt64Array.from(values, BigInt),
});
const scalar = (value: number) => ({ dims: [], values: Float32Array.of(value) });

/** What can go wrong while a network runs. `flaw`, by which the trunk is multiplied, is 1 where nothing does. */
const FLAWS = {
  /** Wants more memory on the way than an address space has. */
  hungry: {
    weights: { one: { dims: [1, 1, 1, 1, 1], values: Float32Array.of(1) } },
    nodes: [
      {
        op: 'Conv',
        inputs: ['unit', 'one'],
        outputs: ['huge'],
        attributes: { kernel_shape: [1, 1, 1], pads: [20_000, 20_000, 20_000, 20_000, 20_000, 20_000] },
      },
      { op: 'GlobalAveragePool', inputs: ['huge'], outputs: ['flaw'] },
    ],
  },
  /** Wants 4 · 64^N bytes for a batch of N: 64 MiB for four, more than an address space has for eight. */
  'hungry-in-batches': {
    weights: { one: scalar(1), base: scalar(64), zero: int64(0), last: int64(1) },
    nodes: [
      { op: 'Shape', inputs: ['volume'], outputs: ['dims'] },
      { op: 'Slice', inputs: ['dims', 'zero', 'last'], outputs: ['batch'] },
      { op: 'Cast', inputs: ['batch'], outputs: ['batch_real'], attributes: { to: FLOAT } },
      { op: 'Pow', inputs: ['base', 'batch_real'], outputs: ['count_real'] },
      { op: 'Cast', inputs: ['count_real'], outputs: ['count'], attributes: { to: INT64 } },
      { op: 'Expand', inputs: ['one', 'count'], outputs: ['huge'] },
      { op: 'ReduceMax', inputs: ['huge'], outputs: ['flaw'], attributes: { keepdims: 0 } },
    ],
  },
  /** Fails, in words like those of a device that fell over, when a volume of the batch has a white voxel. */
  'lost-by-white': {
    weights: { ones: { dims: [1], values: Float32Array.of(1) } },
    nodes: [
      { op: 'ReduceMax', inputs: ['unit'], outputs: ['brightest'], attributes: { keepdims: 0 } },
      { op: 'Cast', inputs: ['brightest'], outputs: ['index'], attributes: { to: INT64 } },
      { op: 'Gather', inputs: ['ones', 'index'], outputs: ['flaw'], name: 'CUDA failure 719' },
    ],
  },
  /** Gives NaN for a volume that is white throughout, and for no other one of its batch. */
  'nan-by-white': {
    weights: { one: scalar(1), zero_real: scalar(0) },
    nodes: [
      {
        op: 'ReduceMin',
        inputs: ['unit'],
        outputs: ['darkest'],
        attributes: { axes: [1, 2, 3, 4], keepdims: 1 },
      },
      { op: 'Sub', inputs: ['one', 'darkest'], outputs: ['rest'] },
      { op: 'Log', inputs: ['rest'], outputs: ['log'] },
      { op: 'Mul', inputs: ['log', 'zero_real'], outputs: ['nothing'] },
      { op: 'Add', inputs: ['nothing', 'one'], outputs: ['flaw'] },
    ],
  },
} satisfies Record<string, { weights: GraphSpec['weights']; nodes: NodeSpec[] }>;

export type Flaw = keyof typeof FLAWS;

/**
 * A network with the shape of a bundle's: uint8 in, divided by 255, average pooling, (convolutions), a linear head and
 * a softmax for each task. `width` > 0 adds two strided 3-D convolutions of that many channels in front.
 */
export function makeNetwork(
  heads: Heads,
  options: { shape?: [number, number, number]; width?: number; seed?: number; flaw?: Flaw } = {},
): Uint8Array {
  const { shape = [128, 224, 224], width = 0, seed = 1, flaw } = options;
  const nodes: NodeSpec[] = [
    { op: 'Cast', inputs: ['volume'], outputs: ['real'], attributes: { to: FLOAT } },
    { op: 'Mul', inputs: ['real', 'scale'], outputs: ['unit'] },
  ];
  const weights: GraphSpec['weights'] = { scale: { dims: [], values: Float32Array.of(1 / 255) } };
  let trunk = 'unit';
  let channels = 1;
  let size = shape;
  for (let layer = 0; width > 0 && layer < 2; layer++) {
    const name = `conv${layer}`;
    weights[name] = {
      dims: [width, channels, 3, 3, 3],
      values: makeWeights(width * channels * 27, 1 / Math.sqrt(channels * 27), seed + 10 + layer),
    };
    nodes.push(
      {
        op: 'Conv',
        inputs: [trunk, name],
        outputs: [`${name}_out`],
        attributes: { kernel_shape: [3, 3, 3], strides: [2, 2, 2], pads: [1, 1, 1, 1, 1, 1] },
      },
      { op: 'Relu', inputs: [`${name}_out`], outputs: [`${name}_relu`] },
    );
    trunk = `${name}_relu`;
    channels = width;
    size = [size[0] / 2, size[1] / 2, size[2] / 2];
  }
  if (flaw !== undefined) {
    const { nodes: flawed, weights: constants } = FLAWS[flaw];
    nodes.push(...flawed, { op: 'Mul', inputs: [trunk, 'flaw'], outputs: ['scaled'] });
    Object.assign(weights, constants);
    trunk = 'scaled';
  }
  const kernel = [size[0] / 2, size[1] / 2, size[2] / 2];
  nodes.push(
    {
      op: 'AveragePool',
      inputs: [trunk],
      outputs: ['pooled'],
      attributes: { kernel_shape: kernel, strides: kernel },
    },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['features'], attributes: { axis: 1 } },
  );
  const outputs: GraphSpec['outputs'] = {};
  for (const [index, [task, classes]] of Object.entries(heads).entries()) {
    weights[`${task}_w`] = {
      dims: [8 * channels, classes],
      values: makeWeights(8 * channels * classes, 4, seed + 100 + index),
    };
    nodes.push(
      { op: 'MatMul', inputs: ['features', `${task}_w`], outputs: [`${task}_logits`] },
      {
        op: 'Softmax',
        inputs: [`${task}_logits`],
        outputs: [`${task}_probabilities`],
        attributes: { axis: 1 },
      },
    );
    outputs[`${task}_logits`] = ['N', classes];
    outputs[`${task}_probabilities`] = ['N', classes];
  }
  return encodeGraph({ nodes, weights, inputShape: ['N', 1, ...shape], outputs });
}
