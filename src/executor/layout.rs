//! Between rows of samples and chunks of lanes: transpositions.

/// Samples in a chunk.
pub const LANES: usize = 16;

/// The entries of a chunk of samples with this number of features.
pub fn length(features: usize) -> usize {
    features * LANES
}

/// Puts up to sixteen samples side by side: from (sample, feature) to (feature, lane). Lanes without a sample
/// become zero.
///
/// # Panics
/// If `rows` is no whole number of samples, there are more than [`LANES`], or `chunk` is not `features ·
/// LANES` long.
pub fn interleave(rows: &[f32], features: usize, chunk: &mut [f32]) {
    assert_eq!(chunk.len(), features * LANES, "a chunk has {LANES} lanes of each feature");
    let samples = rows.len() / features.max(1);
    assert!(
        samples <= LANES && samples * features == rows.len(),
        "a chunk takes up to {LANES} whole samples"
    );
    let (blocks, _) = chunk.as_chunks_mut::<LANES>();
    if samples == LANES {
        let rows: [&[f32]; LANES] = std::array::from_fn(|lane| &rows[lane * features..][..features]);
        for (feature, block) in blocks.iter_mut().enumerate() {
            *block = std::array::from_fn(|lane| rows[lane][feature]);
        }
        return;
    }
    for (feature, block) in blocks.iter_mut().enumerate() {
        *block =
            std::array::from_fn(|lane| if lane < samples { rows[lane * features + feature] } else { 0.0 });
    }
}

/// Takes the first samples of a chunk apart: from (feature, lane) to (sample, feature).
///
/// # Panics
/// If `rows` is no whole number of samples, there are more than [`LANES`], or `chunk` is not `features ·
/// LANES` long.
pub fn deinterleave(chunk: &[f32], features: usize, rows: &mut [f32]) {
    assert_eq!(chunk.len(), features * LANES, "a chunk has {LANES} lanes of each feature");
    let samples = rows.len() / features.max(1);
    assert!(samples <= LANES && samples * features == rows.len(), "a chunk has up to {LANES} whole samples");
    for lane in 0..samples {
        let row = &mut rows[lane * features..][..features];
        for (entry, block) in row.iter_mut().zip(chunk.as_chunks::<LANES>().0) {
            *entry = block[lane];
        }
    }
}

/// The transpose of a chunk: (lane, feature), with rows `stride` entries apart. Entries between the features
/// and the stride become zero.
///
/// # Panics
/// If the stride is below the number of features, or the lengths do not fit.
pub fn transpose(chunk: &[f32], features: usize, stride: usize, rows: &mut [f32]) {
    assert!(features <= stride, "rows of {features} features do not fit into a stride of {stride}");
    assert_eq!(chunk.len(), features * LANES, "a chunk has {LANES} lanes of each feature");
    assert_eq!(rows.len(), stride * LANES, "there is one row for each lane");
    let (tiles, rest) = chunk.as_chunks::<{ LANES * 16 }>();
    for lane in 0..LANES {
        let row = &mut rows[lane * stride..][..stride];
        let (blocks, _) = row.as_chunks_mut::<16>();
        for (block, tile) in blocks.iter_mut().zip(tiles) {
            *block = std::array::from_fn(|feature| tile[feature * LANES + lane]);
        }
        let done = tiles.len() * 16;
        for (feature, entry) in row[done..].iter_mut().enumerate() {
            *entry = rest.get(feature * LANES + lane).copied().unwrap_or(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for features in [1, 2, 15, 16, 17, 40] {
            for samples in [0, 1, 5, 15, 16] {
                let rows: Vec<f32> = (0..samples * features).map(|i| i as f32 + 1.0).collect();
                let mut chunk = vec![f32::NAN; features * LANES];
                interleave(&rows, features, &mut chunk);
                for (i, &entry) in chunk.iter().enumerate() {
                    let (feature, lane) = (i / LANES, i % LANES);
                    let expected = if lane < samples { (lane * features + feature + 1) as f32 } else { 0.0 };
                    assert_eq!(entry, expected);
                }
                let mut back = vec![f32::NAN; rows.len()];
                deinterleave(&chunk, features, &mut back);
                assert_eq!(back, rows);
                for stride in [features, features.next_multiple_of(16), features + 3] {
                    let mut transposed = vec![f32::NAN; stride * LANES];
                    transpose(&chunk, features, stride, &mut transposed);
                    for (i, &entry) in transposed.iter().enumerate() {
                        let (lane, feature) = (i / stride, i % stride);
                        let expected = if feature < features { chunk[feature * LANES + lane] } else { 0.0 };
                        assert_eq!(entry, expected);
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "up to 16 whole samples")]
    fn seventeen_samples_are_too_many() {
        interleave(&[0.0; 17], 1, &mut [0.0; 16]);
    }
}
