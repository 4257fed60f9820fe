// One logfile: appending whole lines, and taking handled lines out of a file that grows meanwhile.
#include "core/logfile.hpp"

#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

constexpr const char* path = "flush/example_com";

Result<void> drop(Sim& sim, std::string_view handled, Durability durability = Durability::none) {
  auto file = sim.files.open(current_directory, path, FileSystem::Open::read_write);
  FLUSH_ASSERT(file.has_value());
  FileSystem& files = sim.files;
  const auto found = files.stat(file.value().handle());
  FLUSH_ASSERT(found.has_value());
  const LogContents contents{std::string(handled), found.value().access_time,
                             found.value().access_nanoseconds};
  return drop_handled_lines(files, file.value().handle(), path, contents, sim.clock.wall_time(), durability,
                            FileSystem::Lock::wait);
}

/// A filler line is a queue ID of zeros.
bool is_filler(std::string_view line) {
  return line.size() >= 7 && line.find_first_not_of('0') == std::string_view::npos;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> without_fillers(std::string_view text) {
  std::vector<std::string> lines = lines_of(text);
  std::erase_if(lines, [](const std::string& line) { return is_filler(line); });
  return lines;
}

TEST(PlaceForCopy, IsTheEndOfALineThatFitsExactly) {
  EXPECT_EQ(place_for_copy("ABC\nDEF\n", 4), 4U);
  EXPECT_EQ(place_for_copy("ABC\nDEF\n", 8), 8U);
}

TEST(PlaceForCopy, LeavesRoomForALineOfFillerWhenLinesDifferInLength) {
  EXPECT_EQ(place_for_copy("ABC\n0123456789\n", 4), 4U);
  EXPECT_EQ(place_for_copy("ABC\n0123456789\n", 5), 15U);     // 9 bytes of filler and the newline
  EXPECT_EQ(place_for_copy("ABC\nDEF\nGHI\nJKL\n", 5), 16U);  // 3 and 7 bytes are too few for a filler
}

TEST(PlaceForCopy, IsNowhereWhenTheHandledPartIsTooShort) {
  EXPECT_EQ(place_for_copy("ABC\n", 5), std::string_view::npos);
  EXPECT_EQ(place_for_copy("ABC\nDEF\n", 5), std::string_view::npos);
  EXPECT_EQ(place_for_copy("", 1), std::string_view::npos);
}

TEST(PlaceForCopy, IsNowhereWhenTheFillerWouldBeNoValidQueueId) {
  EXPECT_EQ(place_for_copy(std::string("ABC\n").append(250, 'x') + "\n", 5), std::string_view::npos);
}

TEST(PlaceForCopy, IsNowhereWithinAnUnterminatedLine) {
  EXPECT_EQ(place_for_copy("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4), std::string_view::npos);
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

void expect_all_whole(const Sim& sim, const std::vector<std::string>& lines, const char* when) {
  const std::string text = sim.files.read(path);
  for (const std::string& line : lines)
    EXPECT_TRUE(has_line(text, line)) << line << " " << when << "\n" << text;
}

TEST(DropHandledLines, HasEveryNewLineWholeAtEveryInstantWhateverTheirLengths) {
  std::size_t dropped = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Sim sim{Seed{seed}};
    const std::string handled = random_lines(sim.dice, sim.dice.between(1, 12), 'h');
    const std::string arrived = random_lines(sim.dice, sim.dice.below(6), 'n');
    const std::vector<std::string> fresh = lines_of(arrived);
    sim.files.write(path, handled + arrived);
    sim.files.before_call = [&](FileCall, const std::string&) { expect_all_whole(sim, fresh, "at a call"); };
    ASSERT_TRUE(drop(sim, handled));
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
    const std::string arrived = random_lines(sim.dice, sim.dice.between(1, 5), 'n');
    sim.files.write(path, handled + arrived);
    Dice fate{Seed{seed + 1000}};
    std::vector<SimDisk::Image> images;
    sim.files.before_call = [&](FileCall, const std::string&) {
      images.push_back(sim.disk.after_power_loss(fate));
    };
    ASSERT_TRUE(drop(sim, handled, Durability::sync));
    images.push_back(sim.disk.after_power_loss(fate));
    for (SimDisk::Image& image : images) {
      Sim after{Seed{seed}, std::move(image)};
      expect_all_whole(after, lines_of(arrived), "after the crash");
    }
  }
}

TEST(AppendFile, MakesTheFileAndItsDirectoriesWithTheReferencesModes) {
  Sim sim{Seed{1}};
  AppendFile file(sim.files, "example_com", "flush/e/x/example_com");
  const AppendOutcome outcome = file.append("A1\n", FileSystem::Lock::try_now);
  EXPECT_EQ(outcome.kind, AppendOutcome::Kind::written);
  EXPECT_TRUE(outcome.was_empty);
  EXPECT_EQ(sim.files.read("flush/e/x/example_com"), "A1\n");
  EXPECT_EQ(sim.files.mode("flush/e/x/example_com"), 0600U);
  EXPECT_EQ(sim.files.mode("flush/e/x"), 0700U);
  EXPECT_EQ(sim.files.mode("flush/e"), 0700U);
}

TEST(AppendFile, KeepsItsFileOpenAndWritesAgainWithoutOpening) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  const AppendOutcome second = file.append("B2\n", FileSystem::Lock::try_now);
  EXPECT_EQ(second.landed_bytes, 3U);
  EXPECT_FALSE(second.was_empty);
  EXPECT_EQ(sim.files.calls(FileCall::open), 1U);
  EXPECT_EQ(sim.files.read(path), "A1\nB2\n");
}

TEST(AppendFile, WritesAgainToANewFileWhenTheOldOneHasLostItsName) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  sim.files.remove(path);
  EXPECT_EQ(file.append("B2\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "B2\n");
}

TEST(AppendFile, FollowsTheNameWhenTheOldFileWasMovedAway) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  sim.files.move(path, "saved");
  EXPECT_EQ(file.append("B2\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "B2\n");
}

TEST(AppendFile, FollowsTheNameWhenAnotherFileWasPutInItsPlace) {
  Sim sim{Seed{1}};
  sim.files.write("replacement", "C3\n");
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  sim.files.make_hard_link(path, "saved");
  sim.files.move("replacement", path);
  EXPECT_EQ(file.append("B2\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "C3\nB2\n");
}

TEST(AppendFile, GivesUpOnAFileThatVanishesEachTime) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  sim.files.before_call = [&](FileCall call, const std::string&) {
    if (call == FileCall::write) sim.files.remove(path);
  };
  AppendFile file(sim.files, "example_com", path);
  const AppendOutcome outcome = file.append("A1\n", FileSystem::Lock::try_now);
  EXPECT_EQ(outcome.kind, AppendOutcome::Kind::failed);
  EXPECT_EQ(outcome.landed_bytes, 0U);
}

TEST(AppendFile, SaysThatTheLockIsTakenAndWritesNothing) {
  Sim sim{Seed{1}};
  sim.files.write(path, "");
  sim.files.lock_from_outside(path);
  AppendFile file(sim.files, "example_com", path);
  EXPECT_EQ(file.append("A1\n", FileSystem::Lock::try_now).kind, AppendOutcome::Kind::locked);
  EXPECT_EQ(sim.files.read(path), "");
  sim.files.unlock_from_outside(path);
  EXPECT_EQ(file.append("A1\n", FileSystem::Lock::try_now).kind, AppendOutcome::Kind::written);
  EXPECT_FALSE(sim.files.is_locked(path));
}

TEST(AppendFile, TakesAHalfLineAwayThatAFullDiskLeaves) {
  for (std::size_t fits = 1; fits < 9; ++fits) {
    Sim sim{Seed{1}};
    sim.files.write(path, "OLD\n");
    AppendFile file(sim.files, "example_com", path);
    sim.files.shorten_write(path, fits);
    const AppendOutcome outcome = file.append("A1\nB2\nC3\n", FileSystem::Lock::try_now);
    EXPECT_EQ(outcome.kind, AppendOutcome::Kind::failed);
    EXPECT_EQ(outcome.landed_bytes, fits / 3 * 3);
    EXPECT_FALSE(outcome.fatal);
    EXPECT_EQ(outcome.failure, "write fast flush logfile example_com: No space left on device");
    EXPECT_EQ(sim.files.read(path), std::string("OLD\nA1\nB2\nC3\n").substr(0, 4 + fits / 3 * 3));
  }
}

TEST(AppendFile, KeepsTheNextLineApartFromAHalfLineThatItCouldNotTakeAway) {
  Sim sim{Seed{1}};
  sim.files.write(path, "OLD\n");
  AppendFile file(sim.files, "example_com", path);
  sim.files.shorten_write(path, 5);
  sim.files.fail(FileCall::truncate, path, EIO);
  EXPECT_EQ(file.append("A1\nB2\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_EQ(file.append("C3\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_TRUE(has_line(sim.files.read(path), "C3")) << sim.files.read(path);
}

TEST(AppendFile, FailsWhenItCannotEndAHalfLine) {
  Sim sim{Seed{1}};
  sim.files.write(path, "OLD\nHAL");
  AppendFile file(sim.files, "example_com", path);
  sim.files.fail(FileCall::write, path, EIO);
  const AppendOutcome failed = file.append("A1\n", FileSystem::Lock::try_now);
  EXPECT_EQ(failed.kind, AppendOutcome::Kind::failed);
  EXPECT_EQ(failed.failure, "write fast flush logfile example_com: Input/output error");
  EXPECT_EQ(failed.landed_bytes, 0U);
  EXPECT_EQ(file.append("A1\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "OLD\nHAL\nA1\n");
}

TEST(AppendFile, LeavesNoEmptyLineWhereAHalfLineHasGoneWithASend) {
  Sim sim{Seed{1}};
  sim.files.write(path, "OLD\n");
  AppendFile file(sim.files, "example_com", path);
  sim.files.shorten_write(path, 5);
  sim.files.fail(FileCall::truncate, path, EIO);
  EXPECT_EQ(file.append("A1\nB2\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  sim.files.write(path, "");
  EXPECT_EQ(file.append("C3\n", FileSystem::Lock::try_now).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "C3\n");
}

TEST(AppendFile, TellsWhyInTheReferencesWords) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  sim.files.fail(FileCall::open, path, EACCES);
  const AppendOutcome open = file.append("A1\n", FileSystem::Lock::try_now);
  EXPECT_TRUE(open.fatal);
  EXPECT_EQ(open.failure, "flush_add_path: open fast flush logfile example_com: Permission denied");
  sim.files.fail(FileCall::lock, path, ENOLCK);
  const AppendOutcome lock = file.append("A1\n", FileSystem::Lock::try_now);
  EXPECT_TRUE(lock.fatal);
  EXPECT_EQ(lock.failure, "flush_add_path: lock fast flush logfile example_com: No locks available");
}

TEST(DropHandledLines, LeavesALogAloneThatAnotherSendHasReadMeanwhile) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\n");
  auto file = sim.files.open(current_directory, path, FileSystem::Open::read_write);
  const FileHandle handle = file.value().handle();
  const auto contents =
      read_logfile(sim.files, handle, path, sim.clock.wall_time(), 7, FileSystem::Lock::wait);
  ASSERT_TRUE(contents.has_value());
  // The other one moves A1 and empties the log; A1 is deferred once more, and added again.
  ASSERT_TRUE(read_logfile(sim.files, handle, path, sim.clock.wall_time(), 8, FileSystem::Lock::wait));
  ASSERT_TRUE(drop(sim, "A1\n"));
  sim.files.append(path, "A1\n");
  ASSERT_TRUE(drop_handled_lines(sim.files, handle, path, contents.value(), sim.clock.wall_time(),
                                 Durability::none, FileSystem::Lock::wait));
  EXPECT_EQ(sim.files.read(path), "A1\n");
}

TEST(Append, PutsALineBehindHalfALineThatACrashLeft) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nTOR");
  AppendFile file(sim.files, "example_com", path);
  const AppendOutcome outcome = file.append("B2\n", FileSystem::Lock::try_now);
  EXPECT_EQ(outcome.landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "A1\nTOR\nB2\n");
}

TEST(ReadLogfile, ReturnsTheContentsAndReleasesTheLock) {
  Sim sim{Seed{1}};
  const std::string text = random_lines(sim.dice, 500, 'x');
  sim.files.write(path, text);
  auto file = sim.files.open(current_directory, path, FileSystem::Open::read_write);
  const auto contents =
      read_logfile(sim.files, file.value().handle(), path, sim.clock.wall_time(), 7, FileSystem::Lock::wait);
  ASSERT_TRUE(contents.has_value());
  EXPECT_EQ(contents.value().lines, text);
  EXPECT_EQ(contents.value().mark, sim.clock.wall_time());
  EXPECT_EQ(contents.value().mark_nanoseconds, 7);
  EXPECT_FALSE(sim.files.is_locked(path));
}

}  // namespace
}  // namespace uflush
