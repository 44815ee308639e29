//! Pools of all kinds, on integers.

use super::*;

#[test]
fn pooling_is_equal() {
    assert_equal(&one(Pool::maximum([2, 2])), &[2, 6, 7]);
    assert_equal(
        &one(Pool::maximum([3, 2]).stride([2, 1]).padding_before_after([(1, 0), (0, 1)])),
        &[2, 6, 7],
    );
    // Windows have 4, 2 or 1 entries inside: means are exact whether or not the padding counts.
    let mean = || Pool::mean([2, 2]).stride([2, 2]).padding([1, 1]);
    assert_equal(&one(mean()), &[2, 4, 6]);
    assert_equal(&one(mean().padding_does_not_count()), &[2, 4, 6]);
    assert_equal(&one(GlobalPool::MAXIMUM), &[3, 4, 5]);
    assert_equal(&one(GlobalPool::MEAN), &[3, 4, 4]);
    assert_equal(&one(GlobalPool::MEAN), &[3]);
    assert_equal(&one(AdaptivePool::maximum([3, 1])), &[2, 6, 7]);
    assert_equal(&one(AdaptivePool::mean([2, 2])), &[2, 4, 8]);
    // Padding that no window reads, as long as the window or longer.
    assert_equal(
        &one(Pool::maximum([2, 2]).stride([2, 2]).padding_before_after([(1, 2), (0, 2)])),
        &[2, 4, 5],
    );
    assert_equal(&one(mean().padding_before_after([(1, 2), (0, 2)]).padding_does_not_count()), &[2, 4, 5]);
    // Sizes rounded up: windows of 4, 2 or 1 taps that count.
    assert_equal(&one(Pool::maximum([2, 2]).ceil_mode()), &[2, 5, 7]);
    assert_equal(&one(Pool::mean([2, 2]).ceil_mode()), &[2, 5, 7]);
    assert_equal(&one(Pool::mean([2, 2]).ceil_mode().padding_does_not_count()), &[2, 5, 7]);
    // Rounded up with padding: windows of 4 from −1 and 3 on 4 entries have 3 and 1 inside, 4 and 2 before
    // the end of the padding.
    let wide = |pool: Pool| pool.padding([1, 1]).ceil_mode();
    assert_equal(&one(wide(Pool::maximum([4, 4]))), &[2, 4, 4]);
    assert_equal(&one(wide(Pool::maximum([3, 2]).stride([2, 2]))), &[2, 6, 7]);
    assert_equal(&one(wide(Pool::mean([4, 4]))), &[2, 4, 4]);
    assert_equal(&one(wide(Pool::sum([4, 4]))), &[2, 4, 4]);
    // Inside are 4 and 2 of six entries, with windows of 5.
    assert_equal(&one(wide(Pool::mean([5, 5])).padding_does_not_count()), &[2, 6, 6]);
    assert_equal(&one(wide(Pool::mean([4, 4])).divisor_override(8)), &[2, 4, 4]);
    assert_equal(&one(Pool::sum([3, 2]).stride([1, 1]).same_padding()), &[2, 4, 5]);
    assert_equal(&one(Pool::mean([2, 2]).divisor_override(8)), &[2, 4, 6]);
    // Sums over 4 taps are means times 4, and those of all entries are sums.
    assert_equal(&one(Pool::sum([2, 2]).stride([1, 2]).padding([1, 1])), &[2, 4, 6]);
    assert_equal(&one(AdaptivePool::sum([2, 2])), &[2, 4, 4]);
    assert_equal(&one(GlobalPool::SUM), &[3, 3, 5]);
    assert_equal(&one(GlobalPool::SUM), &[3, 7]);
}
