#include "core/shortage_log.hpp"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/memory_sink.hpp"
#include "tests/sim/sim_clock.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ShortageLogTest : public testing::Test {
 protected:
  MemorySink sink;
  Log log{sink};
  SimClock clock;
  ShortageLog shortages{log, clock};
};

TEST_F(ShortageLogTest, SaysOnceInAWhileWhatIsShort) {
  for (int i = 0; i < 1000; ++i) shortages.report(Shortage::descriptors, Error{EMFILE});
  EXPECT_THAT(sink.records, ElementsAre(AllOf(HasSubstr("warning: no descriptor to be had"),
                                              HasSubstr("Too many open files"))));
  clock.advance(ShortageLog::pause);
  shortages.report(Shortage::descriptors, Error{EMFILE});
  ASSERT_EQ(sink.records.size(), 2U);
  EXPECT_THAT(sink.records.back(), HasSubstr("999 times more"));
}

TEST_F(ShortageLogTest, TellsOneKindFromAnother) {
  shortages.report(Shortage::threads, Error{EAGAIN});
  shortages.report(Shortage::memory, Error{ENOMEM});
  shortages.report(Shortage::threads, Error{EAGAIN});
  EXPECT_THAT(sink.records, ElementsAre(HasSubstr("warning: no thread to be had"),
                                        HasSubstr("warning: no memory to be had")));
}

}  // namespace
}  // namespace uflush
