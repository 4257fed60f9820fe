#include <cmath>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/flushbench/svg_chart.hpp"
#include "tools/flushbench/xml_text.hpp"

namespace uflush::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> labels;
  for (const Tick& tick : axis.ticks) labels.push_back(tick.label);
  return labels;
}

// ---- Axes.

TEST(LinearAxis, GoesFromZeroToARoundNumberAboveTheHighest) {
  EXPECT_THAT(labels(linear_axis("", 49'000, short_number)),
              ElementsAre("0", "10k", "20k", "30k", "40k", "50k"));
  EXPECT_THAT(labels(linear_axis("", 0.31, short_number)), ElementsAre("0", "0.1", "0.2", "0.3", "0.4"));
  EXPECT_THAT(labels(linear_axis("", 5, short_number)), ElementsAre("0", "1", "2", "3", "4", "5"));
}

TEST(LinearAxis, IsThereEvenWhenAllIsZero) {
  const Axis axis = linear_axis("", 0, short_number);
  EXPECT_GT(axis.high, 0);
  EXPECT_EQ(axis.place(0), 0);
}

TEST(LogAxis, HasTicksAtOneTwoAndFiveWhereItIsShort) {
  EXPECT_THAT(labels(log_axis("", 23, 480, short_number)), ElementsAre("20", "50", "100", "200", "500"));
}

TEST(LogAxis, HasATickForEachPowerOfTenWhereItIsLong) {
  EXPECT_THAT(labels(log_axis("", 1, 100'000, short_number)),
              ElementsAre("1", "10", "100", "1k", "10k", "100k"));
  EXPECT_LE(log_axis("", 1e-6, 1e12, short_number).ticks.size(), 10U);
}

TEST(LogAxis, GivesEveryFactorOfTenTheSameRoom) {
  const Axis axis = log_axis("", 1, 1000, short_number);
  EXPECT_DOUBLE_EQ(axis.place(1), 0);
  EXPECT_NEAR(axis.place(10), 1.0 / 3, 1e-12);
  EXPECT_NEAR(axis.place(100), 2.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(axis.place(1000), 1);
}

TEST(LogAxis, KeepsValuesThatItCannotShowOnItsEdge) {
  const Axis axis = log_axis("", 10, 1000, short_number);
  EXPECT_EQ(axis.place(0), 0);
  EXPECT_EQ(axis.place(-5), 0);
  EXPECT_EQ(axis.place(1e9), 1);
}

TEST(LogAxis, IsThereEvenForOneRoundValue) {
  const Axis axis = log_axis("", 100, 100, short_number);
  EXPECT_LT(axis.low, axis.high);
  EXPECT_TRUE(std::isfinite(axis.place(100)));
}

TEST(Numbers, HaveThreeDigitsAndMoreOnlyWhereTheyAreWhole) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(0.0523), "0.052");
  EXPECT_EQ(number(0.4), "0.4");
  EXPECT_EQ(number(9.999), "10");
  EXPECT_EQ(number(12.34), "12.3");
  EXPECT_EQ(number(999.96), "1,000");
  EXPECT_EQ(number(51'234.4), "51,234");
  EXPECT_EQ(number(-1'234'567), "-1,234,567");
}

TEST(Numbers, ComeInTheUnitThatSuitsThem) {
  EXPECT_EQ(short_number(1'500'000), "1.5M");
  EXPECT_EQ(short_number(999.9), "1k");
  EXPECT_EQ(duration(0.85), "850 ns");
  EXPECT_EQ(duration(38.2), "38.2 \u00b5s");
  EXPECT_EQ(duration(1234), "1.23 ms");
  EXPECT_EQ(duration(3.1e6), "3.1 s");
  EXPECT_EQ(byte_size(9.5 * 1024 * 1024), "9.5 MiB");
}

// ---- Text.

TEST(XmlText, HidesWhatMeansSomethingToXml) {
  EXPECT_EQ(escape_xml("<a b=\"c\" d='e'>&amp;"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
  EXPECT_EQ(escape_xml("b\u00fccher \u20ac \U0001F4E8\ttab\nline"),
            "b\u00fccher \u20ac \U0001F4E8\ttab\nline");
}

TEST(XmlText, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(escape_xml(std::string_view("a\0b\x1b", 4)), "a\uFFFDb\uFFFD");
  EXPECT_EQ(escape_xml("\xff\xfe<"), "\uFFFD\uFFFD&lt;");
  EXPECT_EQ(escape_xml("cut \xe2\x82"), "cut \uFFFD\uFFFD");
  EXPECT_EQ(escape_xml("over-long \xc0\xaf, surrogate \xed\xa0\x80"),
            "over-long \uFFFD\uFFFD, surrogate \uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(escape_xml("\xef\xbf\xbf"), "\uFFFD");
  EXPECT_EQ(escape_xml("a lead byte hides nothing: \xc3<script>"),
            "a lead byte hides nothing: \uFFFD&lt;script&gt;");
}

// ---- Plots.

/// All numbers that `pattern`'s group finds, in order.
std::vector<double> numbers_in(const std::string& svg, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<double> numbers;
  for (std::sregex_iterator at(svg.begin(), svg.end(), regex), end; at != end; ++at)
    numbers.push_back(std::stod((*at)[1]));
  return numbers;
}

Bar bar(const std::string& label, double value) {
  return {label, {"ours0"}, value, value * 0.9, value * 1.1, number(value), ""};
}

TEST(BarChart, DrawsBarsInProportion) {
  const BarChart chart{
      {"p", "Rate", "a, b"}, linear_axis("adds", 100, short_number), {bar("a", 25), bar("b", 75)}};
  const std::vector<double> widths = numbers_in(draw(chart), "class=\"bar\"[^>]* width=\"([0-9.]+)\"");
  ASSERT_EQ(widths.size(), 2U);
  EXPECT_NEAR(widths[1] / widths[0], 3, 0.01);
}

TEST(BarChart, DrawsTheFloorAtItsValueAcrossAllBars) {
  BarChart chart{{"p", "Rate", ""}, linear_axis("adds", 100, short_number), {bar("a", 50), bar("b", 100)}};
  chart.levels.push_back({"floor 50", {"floor0"}, 50});
  const std::string svg = draw(chart);
  const std::vector<double> lefts = numbers_in(svg, "class=\"bar\" x=\"([0-9.]+)\"");
  const std::vector<double> widths = numbers_in(svg, "class=\"bar\"[^>]* width=\"([0-9.]+)\"");
  const std::vector<double> floor = numbers_in(svg, "<line class=\"line\" x1=\"([0-9.]+)\"");
  ASSERT_EQ(floor.size(), 1U);
  EXPECT_NEAR(floor[0], lefts[0] + widths[0], 0.15);
  EXPECT_THAT(svg, HasSubstr(">floor 50</text>"));
}

TEST(LineChart, PutsFactorsOfTenAtEqualDistances) {
  const LineChart chart{{"p", "Cost", ""},
                        log_axis("sites", 1, 100, short_number),
                        linear_axis("us", 10, short_number),
                        {{"uflush", {"ours0"}, {{1, 0}, {10, 5}, {100, 10}}}}};
  const std::string svg = draw(chart);
  const std::regex marks("class=\"mark ours0\" transform=\"translate\\(([0-9.]+) ([0-9.]+)\\)\"");
  std::vector<std::pair<double, double>> places;
  for (std::sregex_iterator at(svg.begin(), svg.end(), marks), end; at != end; ++at)
    places.emplace_back(std::stod((*at)[1]), std::stod((*at)[2]));
  ASSERT_EQ(places.size(), 4U);  // the legend's first
  EXPECT_NEAR(places[2].first - places[1].first, places[3].first - places[2].first, 0.15);
  EXPECT_NEAR(places[1].second - places[2].second, places[2].second - places[3].second, 0.15);
  EXPECT_GT(places[1].second, places[3].second);  // SVG counts from above
}

TEST(DotChart, LeavesOutRatiosThatDoNotExist) {
  const DotChart chart{{"p", "Ratios", ""},
                       log_axis("times", 0.5, 5, short_number),
                       1,
                       {{"rate", {"r"}}, {"CPU", {"c"}}},
                       {{"add", {{2.0}, {std::nan("")}}}}};
  const std::string svg = draw(chart);
  EXPECT_EQ(numbers_in(svg, "class=\"mark r\" transform=\"translate\\(([0-9.]+)").size(),
            2U);  // and the legend
  EXPECT_EQ(numbers_in(svg, "class=\"mark c\" transform=\"translate\\(([0-9.]+)").size(), 1U);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace uflush::bench
