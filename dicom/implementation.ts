/** Who wrote a file or opens an association, as PS3.7 section D.3.3.2 and PS3.10 section 7.1 want it said. */
export const IMPLEMENTATION = {
  classUid: '2.25.296840318561472183045093127740251804117',
  /** At most 16 characters. */
  versionName: 'SERIESWISE_1',
} as const;
