/// What is deferred, what is flushed: the reason why the daemon exists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::UnorderedElementsAreArray;

TEST(Deferral, PutsEachEligibleMessageInTheLogfileOfItsDestinationAndNowhereElse) {
  const PrivatePostfix postfix;
  postfix.start();
  for (const char* destination : {eligible_one, eligible_two, not_eligible}) postfix.inject(destination, 5);
  for (const char* destination : {eligible_one, eligible_two, not_eligible})
    postfix.wait_for_deferred(destination, 5);
  EXPECT_THAT(postfix.queue().log_lines("one_example"),
              UnorderedElementsAreArray(postfix.deferred_ids(eligible_one)));
  EXPECT_THAT(postfix.queue().log_lines("two_example"),
              UnorderedElementsAreArray(postfix.deferred_ids(eligible_two)));
  EXPECT_THAT(postfix.queue().log_names(), UnorderedElementsAreArray({"one_example", "two_example"}));
  EXPECT_EQ(postfix.deferred_ids(not_eligible).size(), 5U);
}

}  // namespace
}  // namespace uflush::support
