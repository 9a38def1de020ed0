-- Picks CT series to learn from. Run by select.mjs, which makes three tables and sets six variables:
--   series       the table of idc-index-data, one row a series
--   evidence     what the header normaliser and known-collections.csv say of each collection and triple of strings
--   collections  collections.csv: whole collections kept for the external test, or left out
--   seed, limit_bytes, per_label, per_patient, held_out_share, external_share
-- Deterministic: same table, evidence and variables, same rows in the same order.

CREATE OR REPLACE TABLE candidates AS
SELECT
  s.crdc_series_uuid, s.aws_bucket, s.collection_id, s.PatientID AS patient, s.StudyInstanceUID AS study,
  s.SeriesInstanceUID AS series, s.source_DOI AS source_doi, s.license_short_name AS licence,
  s.instanceCount AS instances, CAST(round(s.series_size_MB * 1e6) AS BIGINT) AS bytes,
  e.body_part, e.body_part_source, e.axis, e.contrast, e.contrast_source,
  CASE
    WHEN regexp_matches(s.Manufacturer, '^ge\b', 'i') THEN 'ge'
    WHEN regexp_matches(s.Manufacturer, '^siemens', 'i') THEN 'siemens'
    WHEN regexp_matches(s.Manufacturer, '^(philips|pnms)', 'i') THEN 'philips'
    WHEN regexp_matches(s.Manufacturer, '^(toshiba|canon)', 'i') THEN 'canon-toshiba'
    WHEN regexp_matches(s.Manufacturer, '^(hitachi|fujifilm)', 'i') THEN 'fujifilm-hitachi'
    WHEN s.Manufacturer IS NULL THEN 'unknown'
    ELSE 'other'
  END AS vendor,
  coalesce(upper(trim(s.ManufacturerModelName)), 'unknown') AS model,
  -- One draw a patient decides the split of all that is theirs, whatever else is selected or added later.
  CASE
    WHEN c."use" = 'external' THEN 'external'
    WHEN draw('split', s.PatientID) < getvariable('held_out_share') THEN 'held-out'
    ELSE 'develop'
  END AS split,
  draw('series', s.crdc_series_uuid) AS lot
FROM series s
JOIN evidence e
  ON e.collection_id = s.collection_id
  AND e.BodyPartExamined IS NOT DISTINCT FROM s.BodyPartExamined
  AND e.StudyDescription IS NOT DISTINCT FROM s.StudyDescription
  AND e.SeriesDescription IS NOT DISTINCT FROM s.SeriesDescription
LEFT JOIN collections c ON c.collection_id = s.collection_id
WHERE s.Modality = 'CT'
  AND s.SOPClassUID = '1.2.840.10008.5.1.4.1.1.2'
  -- Licences that permit derived weights; NC ones do not.
  AND s.license_short_name IN ('CC BY 3.0', 'CC BY 4.0', 'CC0 1.0')
  AND s.analysis_result_id IS NULL
  AND coalesce(c."use", 'train') <> 'exclude'
  AND e.hints IS NULL
  AND e.body_part IS NOT NULL
  -- Fewer are localizers and the control slices of biopsies; more are thin slices that cost bytes and teach nothing new.
  AND s.instanceCount BETWEEN 16 AND 700
  -- The labels are defined on adults. 000Y is a removed age.
  AND (s.PatientAge IS NULL OR s.PatientAge = '000Y' OR NOT regexp_matches(s.PatientAge, '^(0[01]\dY|\d+[DWM])$')
    OR regexp_matches(s.PatientAge, '^01[89]Y$'))
  AND NOT regexp_matches(concat_ws(' ', s.ManufacturerModelName, s.Manufacturer, s.SeriesDescription),
    'cone ?beam|cbct|adac|mim software|riverain', 'i');

-- Turns: within a label, claims (plane and contrast), vendors, models and patients take turns, so that any prefix is
-- as balanced as the data allows.
CREATE OR REPLACE TABLE turns AS
WITH patient_turns AS (
  SELECT *, coalesce(axis, '-') || '/' || coalesce(contrast, '-') AS claims,
    row_number() OVER (PARTITION BY split, body_part, patient ORDER BY lot) AS patient_turn
  FROM candidates
), model_turns AS (
  SELECT *, row_number() OVER (
    PARTITION BY split, body_part, claims, vendor, model ORDER BY patient_turn, lot) AS model_turn
  FROM patient_turns WHERE patient_turn <= getvariable('per_patient')
), vendor_turns AS (
  SELECT *, row_number() OVER (
    PARTITION BY split, body_part, claims, vendor ORDER BY patient_turn, model_turn, lot) AS vendor_turn
  FROM model_turns
), claims_turns AS (
  SELECT *, row_number() OVER (
    PARTITION BY split, body_part, claims ORDER BY patient_turn, vendor_turn, lot) AS claims_turn
  FROM vendor_turns
)
-- The external test is balanced over collections instead: each is reported on its own.
SELECT *,
  row_number() OVER (PARTITION BY split, body_part, CASE split WHEN 'external' THEN collection_id END
    ORDER BY patient_turn, claims_turn, vendor_turn, lot) AS label_turn
FROM claims_turns;

-- Bytes are given to whole turns of all labels, so rare labels come whole before common ones go on.
CREATE OR REPLACE TABLE selection AS
WITH shares AS (
  SELECT * FROM (VALUES
    ('external', getvariable('external_share')),
    ('held-out', getvariable('held_out_share')),
    ('develop', 1 - getvariable('external_share') - getvariable('held_out_share'))) AS shares(split, share)
), running AS (
  SELECT turns.*, share, sum(bytes) OVER (
    PARTITION BY split ORDER BY label_turn, body_part, lot, crdc_series_uuid ROWS UNBOUNDED PRECEDING) AS bytes_so_far
  FROM turns JOIN shares USING (split)
  WHERE label_turn <= ceil(getvariable('per_label') * CASE split WHEN 'develop' THEN 1 WHEN 'held-out' THEN 0.15 ELSE 0.1 END)
)
SELECT crdc_series_uuid, aws_bucket, collection_id, patient, study, series, split, body_part, body_part_source, axis,
  contrast, contrast_source, vendor, model, licence, source_doi, instances, bytes
FROM running
WHERE bytes_so_far <= getvariable('limit_bytes') * share
ORDER BY split, label_turn, body_part, lot, crdc_series_uuid;
