// @ts-check
// An exclusion rule of one's own: examples/sdk/thin-slices.yaml names it.

/** @type {import('serieswise').ExclusionPlugin} */
const thickSlices = {
  name: 'thick-slices',
  exclude(unit, options) {
    const limit = Number(options.max_spacing_mm ?? 3);
    if (unit.sliceSpacingMm === null || unit.sliceSpacingMm <= limit) return false;
    return { 'spacing-mm': unit.sliceSpacingMm, 'limit-mm': limit };
  },
};

export default thickSlices;
