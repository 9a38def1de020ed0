/** Closed sets of values that columns of several tables hold. */

export const DISPOSITIONS = ['kept', 'excluded', 'duplicate', 'quarantined', 'unreadable'] as const;
export const AGREEMENTS = ['agree', 'refine', 'conflict', 'header-silent'] as const;
export const TASKS = ['body_part', 'axis', 'contrast'] as const;
export const AXES = ['axial', 'coronal', 'sagittal'] as const;
export const CONTRASTS = ['no', 'yes'] as const;
