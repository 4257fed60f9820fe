// Taking handled lines out of a logfile that grows meanwhile.
#include "core/handled_lines.hpp"

#include <gtest/gtest.h>

#include "core/log_source.hpp"
#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/log_lines.hpp"

namespace uflush {
namespace {

constexpr const char* path = "flush/example_com";

/// The digest of what a send has read.
std::uint64_t digest_of(std::string_view text) {
  std::uint64_t digest = 0;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), log_block_bytes)))
    digest = digest_with(digest, text.substr(0, log_block_bytes));
  return digest;
}

Result<void> drop(Sim& sim, std::string_view handled, Durability durability = Durability::none,
                  std::string_view stay = {}) {
  auto file = sim.files.open(current_directory, path, FileSystem::Open::log);
  FLUSH_ASSERT(file.has_value());
  FileSystem& files = sim.files;
  const auto found = files.stat(file.value().handle());
  FLUSH_ASSERT(found.has_value());
  const HandledPart part{handled.size(), digest_of(handled), found.value().access_time,
                         found.value().access_nanoseconds};
  return drop_handled_lines(files, file.value().handle(), part, stay, sim.clock.wall_time(), durability);
}

TEST(DropHandledLines, EmptiesAFileToWhichNothingCame) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2\n");
  ASSERT_TRUE(drop(sim, "A1\nB2\n"));
  EXPECT_EQ(sim.files.read(path), "");
  EXPECT_FALSE(sim.files.is_locked(path));
}

TEST(DropHandledLines, KeepsWhatCameInMeanwhile) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2\nC3\nD4\n");
  ASSERT_TRUE(drop(sim, "A1\nB2\n"));
  EXPECT_EQ(sim.files.read(path), "C3\nD4\n");
}

TEST(DropHandledLines, KeepsWhatCameBehindAnUnterminatedLine) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2C3\n");
  ASSERT_TRUE(drop(sim, "A1\nB2"));
  EXPECT_EQ(sim.files.read(path), "C3\n");
}

TEST(DropHandledLines, KeepsNoEmptyLineWhereSomebodyHasEndedAnUnterminatedLine) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2\nC3\n");
  ASSERT_TRUE(drop(sim, "A1\nB2"));
  EXPECT_EQ(sim.files.read(path), "C3\n");
  sim.files.write(path, "A1\nB2\n");
  ASSERT_TRUE(drop(sim, "A1\nB2"));
  EXPECT_EQ(sim.files.read(path), "");
}

TEST(DropHandledLines, LeavesAFileAloneThatAnotherProcessHasEmptiedOrRewritten) {
  for (const char* contents : {"", "C3\n", "A1\n", "A1\nC3\n", "A1\nB", "X1\nB2\nC3\n"}) {
    Sim sim{Seed{1}};
    sim.files.write(path, contents);
    ASSERT_TRUE(drop(sim, "A1\nB2\n"));
    EXPECT_EQ(sim.files.read(path), contents);
  }
}

TEST(DropHandledLines, LeavesAFileAloneWhereTheCopyDoesNotFit) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2222\nC3333\n");
  ASSERT_TRUE(drop(sim, "A1\n"));
  EXPECT_EQ(sim.files.read(path), "A1\nB2222\nC3333\n");
}

TEST(DropHandledLines, SetsTheTimeStampsWhetherOrNotSomethingWasDropped) {
  for (const char* handled : {"", "A1\n", "X\n"}) {
    Sim sim{Seed{1}};
    sim.files.write(path, "A1\n");
    sim.files.set_times(path, 5, 6);
    ASSERT_TRUE(drop(sim, handled));
    EXPECT_EQ(sim.files.access_time(path), sim.clock.wall_time());
    EXPECT_EQ(sim.files.change_time(path), sim.clock.wall_time());
  }
}

TEST(DropHandledLines, PutsTheCopyOnTheDiskBeforeItCutsTheOriginal) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2\n");
  std::string order;
  sim.files.before_call = [&](FileCall call, const std::string&) {
    if (call == FileCall::write) order += 'w';
    if (call == FileCall::sync) order += 's';
    if (call == FileCall::truncate) order += 't';
  };
  ASSERT_TRUE(drop(sim, "A1\n", Durability::sync));
  EXPECT_EQ(order, "wst");
}

/// Lines of random lengths; `first` makes them distinct.
std::string random_lines(Dice& dice, std::size_t count, char first) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text.append(numbered(std::string(1, first), i)).append(dice.below(14), first).push_back('\n');
  }
  return text;
}

/// Those of `text` that a drop keeps, for no reason but the dice.
std::string some_lines(Dice& dice, std::string_view text) {
  std::string some;
  for (const std::string& line : lines_of(text))
    if (dice.chance(0.3)) some += line + "\n";
  return some;
}

/// The last line may want its newline.
std::string perhaps_unterminated(Dice& dice, std::string text) {
  if (!text.empty() && dice.chance(0.3)) text.pop_back();
  return text;
}

void expect_all_whole(const Sim& sim, const std::vector<std::string>& lines, const char* when) {
  const std::string text = sim.files.read(path);
  for (const std::string& line : lines)
    EXPECT_TRUE(has_line(text + "\n", line)) << line << " " << when << "\n" << text;
}

TEST(DropHandledLines, HasEveryNewLineWholeAtEveryInstantWhateverTheirLengths) {
  std::size_t dropped = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Sim sim{Seed{seed}};
    const std::string handled = random_lines(sim.dice, sim.dice.between(1, 12), 'h');
    const std::string arrived =
        perhaps_unterminated(sim.dice, random_lines(sim.dice, sim.dice.below(6), 'n'));
    const std::string stay = sim.dice.chance(0.5) ? some_lines(sim.dice, handled) : "";
    const std::vector<std::string> fresh = lines_of(stay + arrived);
    sim.files.write(path, handled + arrived);
    sim.files.before_call = [&](FileCall, const std::string&) { expect_all_whole(sim, fresh, "at a call"); };
    ASSERT_TRUE(drop(sim, handled, Durability::none, stay));
    expect_all_whole(sim, fresh, "at the end");
    const std::string after = sim.files.read(path);
    if (after == handled + arrived) continue;
    ++dropped;
    EXPECT_EQ(without_fillers(after), fresh);
  }
  EXPECT_GT(dropped, 250U);
}

TEST(DropHandledLines, HasEveryNewLineWholeAfterACopyThatWasCutShort) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    const std::string handled = random_lines(sim.dice, 12, 'h');
    const std::string arrived = random_lines(sim.dice, 3, 'n');
    sim.files.write(path, handled + arrived);
    sim.files.shorten_write(path, sim.dice.between(1, arrived.size() - 1));
    EXPECT_FALSE(drop(sim, handled).has_value());
    expect_all_whole(sim, lines_of(arrived), "after the failure");
  }
}

TEST(DropHandledLines, HasEveryNewLineWholeAfterAPowerLossAtAnyInstant) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Sim sim{Seed{seed}};
    const std::string handled = random_lines(sim.dice, sim.dice.between(1, 12), 'h');
    const std::string arrived =
        perhaps_unterminated(sim.dice, random_lines(sim.dice, sim.dice.between(1, 5), 'n'));
    const std::string stay = sim.dice.chance(0.5) ? some_lines(sim.dice, handled) : "";
    sim.files.write(path, handled + arrived);
    Dice fate{Seed{seed + 1000}};
    std::vector<SimDisk::Image> images;
    sim.files.before_call = [&](FileCall, const std::string&) {
      images.push_back(sim.disk.after_power_loss(fate));
    };
    ASSERT_TRUE(drop(sim, handled, Durability::sync, stay));
    images.push_back(sim.disk.after_power_loss(fate));
    for (SimDisk::Image& image : images) {
      Sim after{Seed{seed}, std::move(image)};
      expect_all_whole(after, lines_of(stay + arrived), "after the crash");
      EXPECT_EQ(after.files.read(path).find("\n\n"), std::string::npos) << seed << "\n"
                                                                        << after.files.read(path);
    }
  }
}

TEST(DropHandledLines, LeavesALogAloneThatAnotherSendHasReadMeanwhile) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\n");
  auto file = sim.files.open(current_directory, path, FileSystem::Open::log);
  const FileHandle handle = file.value().handle();
  const auto find = [&](long mark) {
    return find_lines(sim.files, handle, sim.clock.wall_time(), mark, 1024);
  };
  const auto found = find(7);
  ASSERT_TRUE(found.has_value());
  // The other one moves A1 and empties the log; A1 is deferred once more, and added again.
  ASSERT_TRUE(find(8));
  ASSERT_TRUE(drop(sim, "A1\n"));
  sim.files.append(path, "A1\n");
  ASSERT_TRUE(
      drop_handled_lines(sim.files, handle, found.value().part, "", sim.clock.wall_time(), Durability::none));
  EXPECT_EQ(sim.files.read(path), "A1\n");
}

TEST(DropHandledLines, StampsTheFileThatItHasOpenAndNotItsName) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\n");
  sim.files.before_call = [&](FileCall call, const std::string&) {
    if (call != FileCall::truncate) return;
    sim.files.move(path, "flush/other");
    sim.files.write(path, "");
    sim.files.set_times(path, 5, 6);
  };
  ASSERT_TRUE(drop(sim, "A1\n"));
  EXPECT_EQ(sim.files.access_time(path), 5);
  EXPECT_EQ(sim.files.access_time("flush/other"), sim.clock.wall_time());
}

TEST(DropHandledLines, EndsALastLineThatCameInWithoutItsNewline) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2B2B2B2B2B2\nX2");
  ASSERT_TRUE(drop(sim, "A1\nB2B2B2B2B2B2\n"));
  EXPECT_EQ(without_fillers(sim.files.read(path)), std::vector<std::string>{"X2"});
}

TEST(DropHandledLines, KeepsWhatStays) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2\nC3\nD4\n");
  ASSERT_TRUE(drop(sim, "A1\nB2\nC3\n", Durability::none, "B2\n"));
  EXPECT_EQ(sim.files.read(path), "B2\nD4\n");
  ASSERT_TRUE(drop(sim, "B2\nD4\n", Durability::none, "B2\nD4\n"));
  EXPECT_EQ(sim.files.read(path), "B2\nD4\n");
}

TEST(DropHandledLines, LeavesTheFileAsItIsWhenThereIsNoRoomForWhatStays) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nB2\nC3\n");
  sim.files.shorten_write(path, 1);
  EXPECT_FALSE(drop(sim, "A1\nB2\nC3\n", Durability::none, "C3\n").has_value());
  EXPECT_EQ(sim.files.read(path), "A1\nB2\nC3\n");
}

TEST(DropHandledLines, WorksOnLogsOfManyBlocks) {
  Sim sim{Seed{1}};
  std::string handled;
  for (std::size_t i = 0; handled.size() < 3 * log_block_bytes; ++i)
    handled += numbered("H", 100'000 + i) + "\n";
  std::string arrived;
  for (std::size_t i = 0; arrived.size() < 2 * log_block_bytes; ++i)
    arrived += numbered("N", 100'000 + i) + "\n";
  sim.files.write(path, handled + arrived);
  ASSERT_TRUE(drop(sim, handled, Durability::none, "H100001\nH100002\n"));
  const std::string after = sim.files.read(path);
  EXPECT_LT(after.size(), arrived.size() + 1000);
  EXPECT_EQ(without_fillers(after), lines_of("H100001\nH100002\n" + arrived));
}

TEST(DropHandledLines, LeavesNoEmptyLineWhereverTheCopyIsCutShort) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Sim sim{Seed{seed}};
    const std::string handled = random_lines(sim.dice, 12, 'h');
    const std::string arrived = random_lines(sim.dice, sim.dice.between(1, 4), 'n');
    sim.files.write(path, handled + arrived);
    sim.files.shorten_write(path, sim.dice.between(1, arrived.size() - 1));
    [[maybe_unused]] const auto outcome = drop(sim, handled);
    EXPECT_EQ(sim.files.read(path).find("\n\n"), std::string::npos) << seed << "\n" << sim.files.read(path);
  }
}

TEST(FindLines, ReadsAShortLogAndReleasesTheLock) {
  Sim sim{Seed{1}};
  const std::string text = random_lines(sim.dice, 500, 'x');
  sim.files.write(path, text);
  auto file = sim.files.open(current_directory, path, FileSystem::Open::log);
  for (const std::size_t short_bytes : {text.size(), text.size() - 1}) {
    const auto found = find_lines(sim.files, file.value().handle(), sim.clock.wall_time(), 7, short_bytes);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found.value().is_whole, short_bytes == text.size());
    EXPECT_EQ(found.value().lines, found.value().is_whole ? text : "");
    EXPECT_EQ(found.value().part.size_bytes, text.size());
    EXPECT_EQ(found.value().part.mark, sim.clock.wall_time());
    EXPECT_EQ(found.value().part.mark_nanoseconds, 7);
    EXPECT_FALSE(sim.files.is_locked(path));
  }
}

}  // namespace
}  // namespace uflush
