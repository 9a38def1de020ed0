import { describe, expect, it } from 'vitest';
import { findHead, HEAD_CELL_MM, tissueValues } from '../../../stages/preprocess/find-head.ts';
import {
  buildPatientGrid,
  geometryOfTensor,
  type StackGeometry,
} from '../../../stages/preprocess/patient-grid.ts';
import { defaceTensor } from '../../../stages/publish/deface-instance.ts';
import { type FaceRegion, frontAt, planDefacing } from '../../../stages/publish/plan-defacing.ts';

const VALUES = tissueValues([-1000, 400])!;
const [AIR, SKIN, BRAIN, BONE] = [0, 190, 189, 240];
const SIZE = 110;
const MM = 2;
/** Head to foot, as rows go to the back and columns to the patient's left. */
const GEOMETRY: StackGeometry = {
  positions: Array.from({ length: SIZE }, (_, slice) => [-SIZE, -SIZE, -slice * MM] as const),
  rowDirection: [1, 0, 0],
  columnDirection: [0, 1, 0],
  pixelSpacingMm: [MM, MM],
  rows: SIZE,
  columns: SIZE,
};

/** A drawn head, mm from its middle: skull with brain, jaw, mouth and nose with air, skin over all. */
function valueAt(x: number, y: number, z: number): number {
  const within = (cx: number, cy: number, cz: number, rx: number, ry: number, rz: number) =>
    ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1;
  if (within(0, 10, 40, 62, 75, 62)) return BRAIN;
  if (within(0, 10, 40, 68, 81, 68)) return BONE;
  if (within(0, -45, -35, 18, 20, 25)) return AIR;
  if (within(0, -40, -50, 45, 35, 45)) return within(0, -36, -50, 38, 31, 38) ? SKIN : BONE;
  if (within(0, 10, 40, 74, 87, 74) || within(0, -42, -50, 52, 44, 52)) return SKIN;
  if (within(0, -88, -20, 12, 16, 16)) return SKIN;
  return Math.hypot(x, y - 25) < 45 && z < 0 ? SKIN : AIR;
}

function drawHead(turn: (x: number, y: number, z: number) => [number, number, number]): Uint8Array {
  const volume = new Uint8Array(SIZE ** 3);
  let at = 0;
  for (let slice = 0; slice < SIZE; slice += 1)
    for (let row = 0; row < SIZE; row += 1)
      for (let column = 0; column < SIZE; column += 1) {
        volume[at] = valueAt(...turn(column * MM - SIZE, row * MM - SIZE, SIZE - slice * MM));
        at += 1;
      }
  return volume;
}

const head = drawHead((x, y, z) => [x, y, z]);

describe('findHead', () => {
  const find = (volume: Uint8Array, geometry = GEOMETRY) =>
    findHead(buildPatientGrid(volume, geometry, HEAD_CELL_MM)!, VALUES);

  it('finds a head, and no other ring', () => {
    expect(find(head)).not.toBeNull();
    // What the skull holds is lung, or fat.
    expect(find(head.map((value) => (value === BRAIN ? 30 : value)))).toBeNull();
    expect(find(head.map((value) => (value === BRAIN ? 160 : value)))).toBeNull();
    expect(find(head.map((value) => (value === BONE ? SKIN : value)))).toBeNull();
  });

  it('asks for a window that tells bone from air', () => {
    expect(tissueValues([-160, 240])).toBeNull();
    expect(tissueValues([-1000, 250])).toBeNull();
  });

  it('does not depend on the plane of the slices', () => {
    // Coronal: front to back, rows to the feet.
    const coronal: StackGeometry = {
      ...GEOMETRY,
      positions: Array.from({ length: SIZE }, (_, slice) => [-SIZE, slice * MM - SIZE, 0] as const),
      columnDirection: [0, 0, -1],
    };
    const volume = new Uint8Array(head.length);
    for (let slice = 0; slice < SIZE; slice += 1)
      for (let row = 0; row < SIZE; row += 1)
        for (let column = 0; column < SIZE; column += 1)
          volume[(slice * SIZE + row) * SIZE + column] = head[(row * SIZE + slice) * SIZE + column]!;
    const [axial, other] = [find(head)!, find(volume, coronal)!];
    for (const axis of [0, 1, 2] as const) expect(other.centre[axis]).toBeCloseTo(axial.centre[axis], 0);
  });
});

describe('planDefacing', () => {
  it('takes skin and nose away, and neither bone, brain nor the back of the head', () => {
    const region = planDefacing(head, GEOMETRY, VALUES) as FaceRegion;
    expect(region).toHaveProperty('removedShare');
    expect(region.removedShare).toBeGreaterThan(0.95);
    const result = defaceTensor(head, GEOMETRY, region, VALUES.bone);
    let [changed, wrong, skinInFront, left] = [0, 0, 0, 0];
    for (let at = 0; at < head.length; at += 1) {
      const y = (Math.floor(at / SIZE) % SIZE) * MM - SIZE;
      const z = SIZE - Math.floor(at / SIZE ** 2) * MM;
      if (result[at] !== head[at]) {
        changed += 1;
        if (head[at] === BONE || head[at] === BRAIN || y > 20) wrong += 1;
      }
      if (head[at] === SKIN && y < -80 && z < 0 && z > -60) {
        skinInFront += 1;
        if (result[at] === SKIN) left += 1;
      }
    }
    expect(changed).toBeGreaterThan(1000);
    expect(wrong).toBe(0);
    expect(skinInFront).toBeGreaterThan(300);
    expect(left).toBe(0);
    // Above the head and far beside it nothing goes.
    expect(frontAt(region, 0, 60)).toBe(Number.NEGATIVE_INFINITY);
    expect(frontAt(region, SIZE, -SIZE)).toBeLessThanOrEqual(-SIZE);
  });

  it('refuses what is no head, and a head that does not look where its header says', () => {
    expect(planDefacing(new Uint8Array(head.length), GEOMETRY, VALUES)).toBe('head-not-found');
    const backward = drawHead((x, y, z) => [x, -y, z]);
    expect(planDefacing(backward, GEOMETRY, VALUES)).toBe('front-unsure');
    const upsideDown = drawHead((x, y, z) => [x, y, -z]);
    expect(planDefacing(upsideDown, GEOMETRY, VALUES)).toBe('front-unsure');
  });
});

describe('geometryOfTensor', () => {
  it('keeps the middle and the extent of a stack', () => {
    const tensor = geometryOfTensor(GEOMETRY, [55, 220, 55]);
    expect(tensor.pixelSpacingMm).toEqual([1, 4]);
    const middle = (geometry: StackGeometry) => [
      geometry.positions[0]![0] + ((geometry.columns - 1) / 2) * geometry.pixelSpacingMm[1],
      geometry.positions[0]![1] + ((geometry.rows - 1) / 2) * geometry.pixelSpacingMm[0],
    ];
    expect(middle(tensor)).toEqual(middle(GEOMETRY));
    expect(tensor.positions[0]![2]).toBeCloseTo(-1);
    expect(tensor.positions.at(-1)![2]).toBeCloseTo(-217);
  });
});
