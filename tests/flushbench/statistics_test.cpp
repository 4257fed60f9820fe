#include "tools/flushbench/statistics.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/flush_client.hpp"
#include "tools/flushbench/requests.hpp"

namespace uflush::bench {
namespace {

TEST(Summary, HasTheMedianBetweenItsQuartiles) {
  const Summary summary = summarize({5, 1, 4, 2, 3});
  EXPECT_DOUBLE_EQ(summary.low, 2);
  EXPECT_DOUBLE_EQ(summary.median, 3);
  EXPECT_DOUBLE_EQ(summary.high, 4);
  EXPECT_DOUBLE_EQ(summarize({1, 2, 3, 10}).median, 2.5);
}

TEST(Summary, IsUncertainUntilThereAreThreeMeasurements) {
  EXPECT_TRUE(std::isinf(summarize({7, 7}).uncertainty()));
  EXPECT_DOUBLE_EQ(summarize({7, 7, 7}).uncertainty(), 0);
}

TEST(Summary, GetsMoreCertainWithMoreMeasurementsOfTheSameSpread) {
  const double few = summarize({9, 10, 11}).uncertainty();
  const double many = summarize({9, 9, 9, 9, 9.5, 9.5, 10.5, 10.5, 11, 11, 11, 11}).uncertainty();
  const double most = summarize({9, 9, 9.5, 9.5, 9.5, 10, 10, 10.5, 10.5, 10.5, 11, 11}).uncertainty();
  EXPECT_GT(many, most);
  EXPECT_GT(few, most);
  EXPECT_GT(most, 0);
}

TEST(Latencies, CountTheShareOfRequestsThatWereNotSlower) {
  Latencies latencies;
  for (std::int64_t us = 1000; us >= 1; --us) latencies.add_ns(us * 1000);
  const Percentiles percentiles = latencies.percentiles();
  EXPECT_DOUBLE_EQ(percentiles.p50_us, 500);
  EXPECT_DOUBLE_EQ(percentiles.p99_us, 990);
  EXPECT_DOUBLE_EQ(percentiles.p999_us, 999);
  EXPECT_DOUBLE_EQ(percentiles.max_us, 1000);
}

TEST(Latencies, HaveADistributionFromTheFastestToTheSlowestRequest) {
  Latencies latencies;
  EXPECT_TRUE(latencies.distribution().empty());
  for (std::int64_t us = 1; us <= 10'000; ++us) latencies.add_ns(us * 1000);
  const std::vector<double> distribution = latencies.distribution();
  ASSERT_EQ(distribution.size(), distribution_shares().size());
  EXPECT_DOUBLE_EQ(distribution.front(), 1);
  EXPECT_DOUBLE_EQ(distribution[50], 5000);
  EXPECT_DOUBLE_EQ(distribution[distribution.size() - 2], 9999);
  EXPECT_DOUBLE_EQ(distribution.back(), 10'000);
}

TEST(Latencies, AreKeptWhenTheyAreLong) {
  Latencies latencies;
  latencies.add_ns(60'000'000'000);
  EXPECT_DOUBLE_EQ(latencies.percentiles().max_us, 60'000'000);
}

TEST(AddRequests, GoRoundTheSitesAndRepeatNoQueueId) {
  AddRequests requests(numbered_sites(2));
  EXPECT_EQ(requests.next(), support::add_request("site0.example", queue_id(1)));
  EXPECT_EQ(requests.next(), support::add_request("site1.example", queue_id(2)));
  EXPECT_EQ(requests.next(), support::add_request("site0.example", queue_id(3)));
}

TEST(AddRequests, SpreadQueueIdsOverAllSixteenHashDirectories) {
  EXPECT_EQ(queue_id(0).size() + 1, AddRequests::line_bytes);
  EXPECT_EQ(queue_id(1).front(), '1');
  EXPECT_EQ(queue_id(0xABC), "CBA00000000");
}

}  // namespace
}  // namespace uflush::bench
