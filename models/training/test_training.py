"""python3 -m unittest discover models/training: what training rests on, without any patient's data.

Tests that need torch, cv2 or scipy are skipped by name where a Python lacks them; between Debian's
python3-torch and the oracle environment every test runs.
"""
import os
import sys
import unittest
from dataclasses import replace

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import preprocess_reference as reference  # noqa: E402
from cut_series import STORED_AXES, cut_grid, render_series  # noqa: E402
from joined_bodies import join_volumes  # noqa: E402
from label_vocabulary import AXES, BODY_PARTS, COARSE_REGIONS, CONTRASTS  # noqa: E402
from protocols import CARDIAC, PROTOCOLS  # noqa: E402
from source_volumes import Volume  # noqa: E402
from statistics_by_patient import auc, bootstrap_by_patient, fit_temperature, risk_coverage, softmax  # noqa: E402
from virtual_acquisitions import draw_acquisition  # noqa: E402


def importable(name):
    try:
        return __import__(name)
    except ImportError:
        return None


def invented_volume(generator, extent=(210, 60, 70), spacing=(4.25, 5.0, 5.0)):
    """A cylinder with a bony column and noise, head to pelvis: no anatomy, but landmarks."""
    z, y, x = np.indices(extent)
    body = ((y - 30) / 20) ** 2 + ((x - 35) / 28) ** 2 < 1
    spine = ((y - 42) ** 2 + (x - 35) ** 2) < 12
    voxels = np.where(spine, 240, np.where(body, 180 + z % 7, 0)) + generator.integers(0, 5, extent) * body
    index = np.array([0.0, extent[0] - 1])
    return Volume('invented', frozenset(['ZZTEST']), np.clip(voxels, 0, 255).astype(np.uint8), spacing,
                          (index, index * spacing[0] - 10), 'no', 'chest')


class Preprocessing(unittest.TestCase):
    def series(self):
        return np.random.default_rng(5).integers(-1400, 900, (37, 61, 83)).astype(np.int16)

    def test_matches_cv2_bilinear_in_plane(self):
        cv2 = importable('cv2')
        if cv2 is None:
            self.skipTest('no cv2 in this Python')
        plane = np.clip((self.series()[0].astype(np.float32) + 1000) / 1400, 0, 1)
        ours = reference.interpolate_axis(reference.interpolate_axis(plane, 0, 224), 1, 224)
        theirs = cv2.resize(plane, (224, 224), interpolation=cv2.INTER_LINEAR)
        self.assertLess(np.abs(ours - theirs).max(), 1e-5)

    def test_matches_scipy_in_three_dimensions(self):
        if importable('scipy') is None:
            self.skipTest('no scipy in this Python')
        from scipy.ndimage import zoom
        scaled = np.clip((self.series().astype(np.float64) + 1000) / 1400, 0, 1)
        theirs = zoom(scaled, [n / m for n, m in zip(reference.TENSOR_SHAPE, scaled.shape)], order=1,
                      mode='nearest', grid_mode=True)
        ours = reference.preprocess_series(self.series()).astype(float)
        difference = np.abs(ours - 255 * theirs)
        self.assertLess(difference.max(), 0.51)

    def test_matches_torch_align_corners_false(self):
        torch = importable('torch')
        if torch is None:
            self.skipTest('no torch in this Python')
        scaled = torch.from_numpy(np.clip((self.series().astype(np.float32) + 1000) / 1400, 0, 1))[None, None]
        theirs = torch.nn.functional.interpolate(scaled, reference.TENSOR_SHAPE, mode='trilinear',
                                                 align_corners=False)[0, 0].numpy()
        self.assertLess(np.abs(reference.preprocess_series(self.series()) - 255 * theirs).max(), 0.51)

    def test_shrinking_takes_two_neighbours_and_no_more(self):
        matrix = reference.linear_matrix(300, 128)
        self.assertLessEqual((matrix > 0).sum(1).max(), 2)
        np.testing.assert_allclose(matrix.sum(1), 1)

    def test_window_and_rounding(self):
        hu = np.full((3, 8, 8), -1000, np.int16)
        self.assertEqual(reference.preprocess_series(hu).max(), 0)
        self.assertEqual(reference.preprocess_series(hu + 3000).min(), 255)
        self.assertEqual(reference.preprocess_series(hu + 700)[0, 0, 0], round(255 * 0.5))


class Cutting(unittest.TestCase):
    def setUp(self):
        self.volume = invented_volume(np.random.default_rng(3))

    def test_matrices_equal_rendering_and_preprocessing(self):
        generator = np.random.default_rng(8)
        for label, plane in (('chest', 'axial'), ('l-spine', 'sagittal'), ('abdomen', 'coronal')):
            drawn = draw_acquisition(self.volume, label, generator, plane)
            plain = replace(drawn, noise=0.0, gain=1.0, circle=False)
            fast = cut_grid(plain, (40, 40, 40), generator)
            tensor = reference.preprocess_series(render_series(plain)).astype(float)
            stored = tensor
            for axis in range(3):
                matrix = reference.area_matrix(tensor.shape[axis], 40)
                stored = np.moveaxis(np.tensordot(matrix, stored, (1, axis)), 0, axis)
            body = np.transpose(stored, np.argsort(STORED_AXES[plane]))
            self.assertLess(np.abs(body - fast).max(), 0.6, f'{label} {plane}')

    def test_every_cut_lies_where_its_protocol_says(self):
        generator = np.random.default_rng(1)
        for label in BODY_PARTS:
            for _ in range(5):
                drawn = draw_acquisition(self.volume, label, generator)
                self.assertIsNotNone(drawn, label)
                ends = [float(self.volume.reference_of(edge / self.volume.spacing_mm[0] - 0.5))
                        for edge in drawn.intervals_mm[0]]
                protocols = [PROTOCOLS[label]] + ([CARDIAC] if label == 'chest' else [])
                self.assertTrue(any(p.top[0] - 7 <= ends[0] <= p.top[1] + 7
                                    and p.bottom[0] - 7 <= ends[1] <= p.bottom[1] + 7 for p in protocols),
                                f'{label} {ends}')

    def test_a_volume_that_does_not_cover_a_label_gives_none(self):
        short = replace(self.volume, voxels=self.volume.voxels[60:130], body_box={},
                                knots=(self.volume.knots[0], self.volume.knots[1] + 255))
        self.assertIsNone(draw_acquisition(short, 'pelvis', np.random.default_rng(0)))
        self.assertIsNone(draw_acquisition(short, 'head', np.random.default_rng(0)))

    def test_spine_fields_of_view_hold_the_column(self):
        drawn = draw_acquisition(self.volume, 'l-spine', np.random.default_rng(2), 'axial')
        (y0, y1), (x0, x1) = drawn.intervals_mm[1:]
        self.assertTrue(y0 < 42 * 5 < y1 and x0 < 35 * 5 < x1)

    def test_stored_orders_are_permutations_without_flips(self):
        self.assertEqual(tuple(STORED_AXES), AXES)
        self.assertEqual(STORED_AXES['coronal'], (1, 0, 2))
        self.assertEqual(STORED_AXES['sagittal'], (2, 0, 1))

    def test_same_seed_same_series(self):
        grids = []
        for _ in range(2):
            generator = np.random.default_rng(77)
            drawn = draw_acquisition(invented_volume(np.random.default_rng(3)), 'chest', generator)
            grids.append(cut_grid(drawn, (40, 40, 40), generator))
        np.testing.assert_array_equal(*grids)

    def test_joined_bodies_name_every_patient(self):
        other = replace(invented_volume(np.random.default_rng(4)), patients=frozenset(['ZZOTHER']))
        body = join_volumes([self.volume, other], [400.0])
        self.assertEqual(body.patients, frozenset(['ZZTEST', 'ZZOTHER']))
        self.assertLess(abs(float(body.reference_of(50)) - (50 * 4 + float(body.reference_of(0)))), 1e-6)


class Labels(unittest.TestCase):
    def test_order_is_the_contract_s(self):
        self.assertEqual(BODY_PARTS, (
            'head', 'head-and-face', 'face-orbits-sinus', 'temporal-bone', 'head-and-neck', 'neck', 'c-spine',
            'c-and-t-spine', 't-spine', 't-and-l-spine', 'l-spine', 'chest', 'chest-abdomen-pelvis', 'abdomen',
            'abdomen-pelvis', 'pelvis'))
        self.assertEqual(AXES, ('axial', 'coronal', 'sagittal'))
        self.assertEqual(CONTRASTS, ('no', 'yes'))
        self.assertEqual(set(COARSE_REGIONS), set(BODY_PARTS))
        self.assertEqual(set(PROTOCOLS), set(BODY_PARTS))


class Statistics(unittest.TestCase):
    def test_auc_counts_ties_half(self):
        self.assertEqual(auc(np.array([0.1, 0.5, 0.5, 0.9]), np.array([0, 0, 1, 1])), 0.875)

    def test_temperature_undoes_a_known_one(self):
        generator = np.random.default_rng(0)
        logits = generator.normal(0, 2, (4000, 5))
        truth = np.array([generator.choice(5, p=p) for p in softmax(logits)])
        self.assertAlmostEqual(fit_temperature(logits * 2.5, truth), 2.5, delta=0.2)

    def test_bootstrap_draws_patients_not_series(self):
        hit = np.repeat([1.0, 0.0], 500)
        low, high = bootstrap_by_patient(lambda rows: hit[rows].mean(), np.repeat(['a', 'b'], 500), 1, 200)
        self.assertEqual((low, high), (0.0, 1.0))

    def test_risk_coverage(self):
        share, threshold = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 1, 0, 1]), 0.99)
        self.assertEqual((share, threshold), (0.5, 0.8))


class Gate(unittest.TestCase):
    def test_no_series_is_judged_by_its_own_patient(self):
        from input_gate import kept_back_distances
        from input_statistics import NAMES
        generator = np.random.default_rng(0)
        statistics = generator.uniform(0.2, 0.8, (12, len(NAMES)))
        # Two series alike of one patient, one of them joined with another: neither may vouch for the other.
        statistics[1] = statistics[0]
        patients = np.array(['a', 'a|b'] + [f'p{k}' for k in range(10)])
        distance = kept_back_distances(statistics, patients, np.ones(12, bool))
        self.assertGreater(distance[0], 0.1)
        judged = np.arange(12) < 2
        self.assertTrue(np.isnan(kept_back_distances(statistics, patients, judged)[2:]).all())

    def test_gate_lets_its_own_series_pass_and_holds_back_what_is_far(self):
        from input_gate import gate_of, is_held_back
        from input_statistics import NAMES
        own = np.concatenate([np.random.default_rng(1).uniform(0.4, 0.6, (30, len(NAMES))),
                              np.tile([0.5, 0.99], (30, 1))], 1)
        gate = gate_of(own[:, :-2], 2.5)
        self.assertFalse(is_held_back(gate, own).any())
        far, flat, noise, masked = own[:1].copy(), own[:1].copy(), own[:1].copy(), own[:1].copy()
        far[:, 3:11] = 0
        flat[:, 1] = 0
        noise[:, -1] = 0
        masked[:, -2] = 1
        for row in (far, flat, noise, masked):
            self.assertTrue(is_held_back(gate, row).all())

    def test_unsuitable_series_follow_from_their_seed(self):
        from unsuitable_series import PROCEDURAL
        for draw in PROCEDURAL.values():
            one, two = (draw(np.random.default_rng(5)) for _ in range(2))
            self.assertEqual((one.dtype, one.shape), (np.uint8, reference.TENSOR_SHAPE))
            np.testing.assert_array_equal(one, two)


class Network(unittest.TestCase):
    def setUp(self):
        if importable('torch') is None:
            self.skipTest('no torch in this Python')

    def test_plane_hypotheses_undo_the_stored_orders(self):
        from network import TO_BODY_ORDER
        cube = np.arange(24).reshape(2, 3, 4)
        for name in AXES:
            stored = np.transpose(cube, STORED_AXES[name])
            np.testing.assert_array_equal(np.transpose(stored, TO_BODY_ORDER[name]), cube)

    def test_pooling_is_an_area_average(self):
        import torch
        from network import ContrastHead, StarterNetwork, Trunk, pooling_matrix
        network = StarterNetwork([Trunk()], ContrastHead()).eval()
        volume = np.random.default_rng(0).random((1, 1, 128, 224, 224), np.float32)
        expected = volume[0, 0]
        for axis in range(3):
            matrix = pooling_matrix(expected.shape[axis])
            np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)
            expected = np.moveaxis(np.tensordot(matrix, expected, (1, axis)), 0, axis)
        np.testing.assert_allclose(network.cube(torch.from_numpy(volume))[0].numpy(), expected, atol=1e-5)

    def test_same_seed_same_weights(self):
        import torch
        from network import CUBE
        from train import train_trunk
        generator = np.random.default_rng(0)
        bank = {'cubes': generator.integers(0, 255, (16, CUBE, CUBE, CUBE)).astype(np.uint8),
                'label': np.arange(16), 'axis': np.arange(16) % 3, 'coordinates': np.full((16, 4), 300.0)}
        trunks = [train_trunk(bank, 4, 2, batch=4, say=lambda text: None) for _ in range(2)]
        for one, two in zip(trunks[0].parameters(), trunks[1].parameters()):
            self.assertTrue(torch.equal(one, two))

    def test_trunks_are_the_same_whatever_trains_them_at_once(self):
        import torch
        from network import CUBE
        from train import make_trunks, read_arguments
        generator = np.random.default_rng(0)
        bank = {'cubes': generator.integers(0, 255, (16, CUBE, CUBE, CUBE)).astype(np.uint8),
                'label': np.arange(16), 'axis': np.arange(16) % 3, 'coordinates': np.full((16, 4), 300.0)}
        jobs = [('one', np.arange(16) % 2 == 0, 4), ('two', slice(None), 5)]
        made = []
        for processes in ('1', '2'):
            options = read_arguments(['--volumes', '', '--output', '', '--steps', '2', '--processes', processes])
            made.append(make_trunks(bank, jobs, options, say=lambda text: None))
        for name in ('one', 'two'):
            for alone, beside in zip(made[0][name].parameters(), made[1][name].parameters()):
                self.assertTrue(torch.equal(alone, beside))

    def test_spines_as_wide_as_the_trunk_are_dropped(self):
        from series_bank import without_wide_spines
        extents = np.array([[0, 0, 90, 500.0], [0, 0, 90, 200], [0, 0, 90, 500]])
        bank = {'label': np.array([9, 9, 11]), 'coordinates': extents}
        self.assertEqual(without_wide_spines(bank)['label'].tolist(), [9, 11])

    def test_folds_never_share_a_patient_even_in_joined_bodies(self):
        from patient_folds import FOLDS, fold_table, without_fold
        names = [name for names in FOLDS for name in names]
        bank = {'patients': np.array(names + [names[0] + '|' + names[1], names[2] + '|open-kbp pt_1'])}
        table = fold_table(bank)
        for fold, out in enumerate(FOLDS):
            for joined in bank['patients'][without_fold(bank, table, fold)]:
                self.assertFalse(set(joined.split('|')) & set(out))

    def test_contrast_rises_with_enhancement(self):
        import torch
        from network import ContrastFeatures
        from preprocess_reference import FEATURE_GRID
        body = np.zeros(FEATURE_GRID, np.float32)
        body[:, 10:46, 10:46] = (40 + 1000) / 1400
        bright = body.copy()
        bright[:, 20:30, 20:30] = (170 + 1000) / 1400
        features = ContrastFeatures()(torch.from_numpy(np.stack([body, bright]))).numpy()
        self.assertTrue((features[1, :3] > features[0, :3] + 1).all())


if __name__ == '__main__':
    unittest.main()
