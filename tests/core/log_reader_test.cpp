// Taking a logfile apart, block by block.
#include "core/log_reader.hpp"

#include <functional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/keyed_hash.hpp"

namespace uflush {
namespace {

using namespace std::string_view_literals;

const QueueLayout flat("defer", 1);

struct Read {
  std::multiset<std::string> ids;
  std::size_t repeated = 0;
  std::vector<std::string> warnings;
};

Read read_all(std::string_view text, std::size_t block_bytes) {
  TextSource source(text, block_bytes);
  LogReader reader(source, "example_com", flat);
  Read read;
  while (!reader.at_end()) {
    const MoveList list = reader.next(16384);
    read.ids.insert(list.queue_ids.begin(), list.queue_ids.end());
    read.repeated += list.repeated.size();
    read.warnings.insert(read.warnings.end(), list.warnings.begin(), list.warnings.end());
  }
  return read;
}

TEST(LogReader, FindsTheSameLinesWhateverTheBlocks) {
  constexpr std::string_view whole = "A1\nB2\nbad/id\n\nC3\0tail\nD4"sv;
  const Read expected = read_all(whole, 1000);
  EXPECT_EQ(expected.ids.size(), 4U);
  for (std::size_t block = 1; block < 30; ++block) {
    const Read read = read_all(whole, block);
    EXPECT_EQ(read.ids, expected.ids) << block;
    EXPECT_EQ(read.warnings, expected.warnings) << block;
  }
}

TEST(LogReader, WarnsOnceOfALineThatIsLongerThanABlock) {
  const std::string text = "A1\n" + std::string(100'000, 'x') + "\nB2\n" + std::string(5000, 'y');
  const Read read = read_all(text, 1000);
  EXPECT_EQ(read.ids, (std::multiset<std::string>{"A1", "B2"}));
  ASSERT_EQ(read.warnings.size(), 2U);
  EXPECT_EQ(read.warnings[0],
            "bad queue id \"" + std::string(30, 'x') + "...\" in fast flush logfile example_com");
}

TEST(LogReader, EndsWhereTheLogCannotBeRead) {
  class Failing final : public LogSource {
   public:
    [[nodiscard]] bool at_end() const noexcept override { return false; }
    [[nodiscard]] Result<void> read_on(std::string& to) override {
      if (blocks_++ > 0) return Error{EIO};
      to.append("A1\nB");
      return outcome::success();
    }

   private:
    int blocks_ = 0;
  } source;
  LogReader reader(source, "example_com", flat);
  EXPECT_EQ(reader.next(10).queue_ids, std::vector<std::string_view>{"A1"});
  EXPECT_FALSE(reader.at_end());
  EXPECT_TRUE(reader.next(10).queue_ids.empty());
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(reader.error().number, EIO);
}

TEST(KeyedHash, HasTheValuesOfSipHash13) {
  // As Rust's standard library has them, for the key of the bytes 0 to 15.
  constexpr HashKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  EXPECT_EQ(keyed_hash(key, ""), 0xabac0158050fc4dcU);
  EXPECT_EQ(keyed_hash(key, std::string_view("\0", 1)), 0xc9f49bf37d57ca93U);
}

/// IDs that std::hash puts into one slot of a table: anybody can find some.
TEST(KeyedHash, SpreadsIdsThatWereMadeUpToCollide) {
  constexpr std::size_t slots_mask = 4095;
  std::set<std::size_t> slots;
  std::size_t found = 0;
  for (std::size_t number = 0; found < 500; ++number) {
    const std::string id = "ID" + std::to_string(number);
    if ((std::hash<std::string>{}(id)&slots_mask) != 0) continue;
    ++found;
    slots.insert(keyed_hash(process_hash_key(), id) & slots_mask);
  }
  EXPECT_GT(slots.size(), 400U);
}

TEST(KeyedHash, DiffersFromKeyToKey) {
  const HashKey other{process_hash_key().low + 1, process_hash_key().high};
  EXPECT_NE(keyed_hash(process_hash_key(), "4Xk2bQ0z"), keyed_hash(other, "4Xk2bQ0z"));
}

}  // namespace
}  // namespace uflush
