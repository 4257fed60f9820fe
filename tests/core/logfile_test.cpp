// One logfile: appending whole lines.
#include "core/logfile.hpp"

#include <gtest/gtest.h>

#include "core/line_layout.hpp"
#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/log_lines.hpp"

namespace uflush {
namespace {

constexpr const char* path = "flush/example_com";
constexpr auto in_a_job = AppendFile::Patience::disk;

TEST(AppendFile, MakesTheFileAndItsDirectoriesWithTheReferencesModes) {
  Sim sim{Seed{1}};
  AppendFile file(sim.files, "example_com", "flush/e/x/example_com");
  const AppendOutcome outcome = file.append("A1\n", AppendFile::Patience::disk);
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
  ASSERT_EQ(file.append("A1\n", AppendFile::Patience::disk).landed_bytes, 3U);
  const AppendOutcome second = file.append("B2\n", AppendFile::Patience::disk);
  EXPECT_EQ(second.landed_bytes, 3U);
  EXPECT_FALSE(second.was_empty);
  EXPECT_EQ(sim.files.calls(FileCall::open), 1U);
  EXPECT_EQ(sim.files.read(path), "A1\nB2\n");
}

TEST(AppendFile, WritesAgainToANewFileWhenTheOldOneHasLostItsName) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", AppendFile::Patience::disk).landed_bytes, 3U);
  sim.files.remove(path);
  EXPECT_EQ(file.append("B2\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "B2\n");
}

TEST(AppendFile, FollowsTheNameWhenTheOldFileWasMovedAway) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", AppendFile::Patience::disk).landed_bytes, 3U);
  sim.files.move(path, "saved");
  EXPECT_EQ(file.append("B2\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "B2\n");
}

TEST(AppendFile, FollowsTheNameWhenAnotherFileWasPutInItsPlace) {
  Sim sim{Seed{1}};
  sim.files.write("replacement", "C3\n");
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", AppendFile::Patience::disk).landed_bytes, 3U);
  sim.files.make_hard_link(path, "saved");
  sim.files.move("replacement", path);
  EXPECT_EQ(file.append("B2\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "C3\nB2\n");
}

TEST(AppendFile, GivesUpOnAFileThatVanishesEachTime) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  sim.files.before_call = [&](FileCall call, const std::string&) {
    if (call == FileCall::write) sim.files.remove(path);
  };
  AppendFile file(sim.files, "example_com", path);
  const AppendOutcome outcome = file.append("A1\n", AppendFile::Patience::disk);
  EXPECT_EQ(outcome.kind, AppendOutcome::Kind::failed);
  EXPECT_EQ(outcome.landed_bytes, 0U);
}

TEST(AppendFile, SaysThatTheLockIsTakenAndWritesNothing) {
  Sim sim{Seed{1}};
  sim.files.write(path, "");
  sim.files.lock_from_outside(path);
  AppendFile file(sim.files, "example_com", path);
  EXPECT_EQ(file.append("A1\n", AppendFile::Patience::disk).kind, AppendOutcome::Kind::locked);
  EXPECT_EQ(sim.files.read(path), "");
  sim.files.unlock_from_outside(path);
  EXPECT_EQ(file.append("A1\n", AppendFile::Patience::disk).kind, AppendOutcome::Kind::written);
  EXPECT_FALSE(sim.files.is_locked(path));
}

TEST(AppendFile, TakesAHalfLineAwayThatAFullDiskLeaves) {
  for (std::size_t fits = 1; fits < 9; ++fits) {
    Sim sim{Seed{1}};
    sim.files.write(path, "OLD\n");
    AppendFile file(sim.files, "example_com", path);
    sim.files.shorten_write(path, fits);
    const AppendOutcome outcome = file.append("A1\nB2\nC3\n", AppendFile::Patience::disk);
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
  EXPECT_EQ(file.append("A1\nB2\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_EQ(file.append("C3\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_TRUE(has_line(sim.files.read(path), "C3")) << sim.files.read(path);
}

TEST(AppendFile, FailsWhenItCannotEndAHalfLine) {
  Sim sim{Seed{1}};
  sim.files.write(path, "OLD\nHAL");
  AppendFile file(sim.files, "example_com", path);
  sim.files.fail(FileCall::write, path, EIO);
  const AppendOutcome failed = file.append("A1\n", AppendFile::Patience::disk);
  EXPECT_EQ(failed.kind, AppendOutcome::Kind::failed);
  EXPECT_EQ(failed.failure, "write fast flush logfile example_com: Input/output error");
  EXPECT_EQ(failed.landed_bytes, 0U);
  EXPECT_EQ(file.append("A1\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "OLD\nHAL\nA1\n");
}

TEST(AppendFile, LeavesNoEmptyLineWhereAHalfLineHasGoneWithASend) {
  Sim sim{Seed{1}};
  sim.files.write(path, "OLD\n");
  AppendFile file(sim.files, "example_com", path);
  sim.files.shorten_write(path, 5);
  sim.files.fail(FileCall::truncate, path, EIO);
  EXPECT_EQ(file.append("A1\nB2\n", AppendFile::Patience::disk).landed_bytes, 3U);
  sim.files.write(path, "");
  EXPECT_EQ(file.append("C3\n", AppendFile::Patience::disk).landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "C3\n");
}

TEST(AppendFile, TellsWhyInTheReferencesWords) {
  Sim sim{Seed{1}};
  sim.files.make_directories("flush");
  AppendFile file(sim.files, "example_com", path);
  sim.files.fail(FileCall::open, path, EACCES);
  const AppendOutcome open = file.append("A1\n", AppendFile::Patience::disk);
  EXPECT_TRUE(open.fatal);
  EXPECT_EQ(open.failure, "flush_add_path: open fast flush logfile example_com: Permission denied");
  sim.files.fail(FileCall::lock, path, ENOLCK);
  const AppendOutcome lock = file.append("A1\n", AppendFile::Patience::disk);
  EXPECT_TRUE(lock.fatal);
  EXPECT_EQ(lock.failure, "flush_add_path: lock fast flush logfile example_com: No locks available");
}

TEST(Append, PutsALineBehindHalfALineThatACrashLeft) {
  Sim sim{Seed{1}};
  sim.files.write(path, "A1\nTOR");
  AppendFile file(sim.files, "example_com", path);
  const AppendOutcome outcome = file.append("B2\n", AppendFile::Patience::disk);
  EXPECT_EQ(outcome.landed_bytes, 3U);
  EXPECT_EQ(sim.files.read(path), "A1\nTOR\nB2\n");
}

TEST(AppendFile, EndsAHalfLineThatAnotherProcessHasLeftMeanwhile) {
  for (const char* left : {"A1\nHAL", "A1\nX2\nHAL", "HAL", "HALF"}) {
    Sim sim{Seed{1}};
    sim.files.write(path, "");
    AppendFile file(sim.files, "example_com", path);
    ASSERT_EQ(file.append("A1\n", in_a_job).landed_bytes, 3U);
    sim.files.write(path, left);
    ASSERT_EQ(file.append("B2\n", in_a_job).landed_bytes, 3U);
    EXPECT_EQ(sim.files.read(path), std::string(left) + "\nB2\n");
  }
}

TEST(AppendFile, LooksAtTheEndOfTheFileWithOneCallWhenNobodyHasWritten) {
  Sim sim{Seed{1}};
  sim.files.write(path, "");
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", in_a_job).landed_bytes, 3U);
  const std::size_t looks = sim.files.calls(FileCall::stat);
  const std::size_t reads = sim.files.calls(FileCall::read);
  ASSERT_EQ(file.append("B2\n", AppendFile::Patience::none, AppendFile::Names::news).landed_bytes, 3U);
  EXPECT_EQ(sim.files.calls(FileCall::stat), looks);
  EXPECT_EQ(sim.files.calls(FileCall::read), reads + 1);
}

TEST(AppendFile, DoesNotLookAtTheEndWhileItKeepsTheLock) {
  Sim sim{Seed{1}};
  sim.files.write(path, "");
  AppendFile file(sim.files, "example_com", path);
  file.keep_lock();
  ASSERT_EQ(file.append("A1\n", in_a_job).landed_bytes, 3U);
  const std::size_t calls = sim.files.calls();
  ASSERT_EQ(file.append("B2\n", AppendFile::Patience::none, AppendFile::Names::news).landed_bytes, 3U);
  EXPECT_EQ(sim.files.calls(), calls + 1);
}

TEST(AppendFile, LeavesAFileThatIsNotOpenToAJob) {
  Sim sim{Seed{1}};
  AppendFile file(sim.files, "example_com", path);
  EXPECT_EQ(file.append("A1\n", AppendFile::Patience::none).kind, AppendOutcome::Kind::cold);
  EXPECT_EQ(sim.files.calls(), 0U);
  EXPECT_EQ(file.append("A1\n", in_a_job).kind, AppendOutcome::Kind::written);
}

TEST(AppendFile, LeavesAFileToAJobWhoseEndIsOnTheDisk) {
  Sim sim{Seed{1}};
  AppendFile file(sim.files, "example_com", path);
  ASSERT_EQ(file.append("A1\n", in_a_job).landed_bytes, 3U);
  sim.files.faults.not_cached = 1;
  EXPECT_EQ(file.append("B2\n", AppendFile::Patience::none).kind, AppendOutcome::Kind::cold);
  EXPECT_FALSE(sim.files.is_locked(path));
  EXPECT_EQ(file.append("B2\n", in_a_job).kind, AppendOutcome::Kind::written);
  EXPECT_EQ(sim.files.read(path), "A1\nB2\n");
}

TEST(AppendFile, FailsAtOnceOnWhatIsNoRegularFile) {
  Sim sim{Seed{1}};
  sim.files.make_fifo(path);
  AppendFile file(sim.files, "example_com", path);
  const AppendOutcome outcome = file.append("A1\n", in_a_job);
  EXPECT_EQ(outcome.kind, AppendOutcome::Kind::failed);
  EXPECT_EQ(outcome.failure,
            "flush_add_path: open fast flush logfile example_com: No such device or address");
  EXPECT_EQ(sim.files.open_files(), 0U);
}

TEST(AppendFile, WritesNoLineAcrossTheBorderOfTwoPages) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    AppendFile file(sim.files, "example_com", path);
    std::vector<std::string> ids;
    while (sim.files.exists(path) ? sim.files.size(path) < 30'000 : true) {
      std::string lines;
      for (std::size_t i = sim.dice.between(1, 700); i > 0; --i) {
        ids.push_back(numbered("I", ids.size()).append(sim.dice.below(20), 'x'));
        lines.append(ids.back()).push_back('\n');
      }
      ASSERT_EQ(file.append(lines, in_a_job).landed_bytes, lines.size());
    }
    const std::string text = sim.files.read(path);
    for (std::size_t border = PageLayout::page_bytes; border < text.size(); border += PageLayout::page_bytes)
      EXPECT_EQ(text[border - 1], '\n') << seed;
    EXPECT_EQ(without_fillers(text), ids);
  }
}

TEST(AppendFile, TellsOfEachLineWhetherItLandedWhenTheDiskGetsFullAmongFillers) {
  for (std::size_t fits = 1; fits < 90; fits += 3) {
    Sim sim{Seed{1}};
    std::string old(PageLayout::page_bytes - 40, 'o');
    old.back() = '\n';
    sim.files.write(path, old);
    AppendFile file(sim.files, "example_com", path);
    std::string lines;
    for (int i = 0; i < 5; ++i) lines.append("4Xk2bQ0zABCD").append(1, static_cast<char>('a' + i)) += '\n';
    sim.files.shorten_write(path, fits);
    const AppendOutcome outcome = file.append(lines, in_a_job);
    EXPECT_EQ(outcome.landed_bytes % 14, 0U);
    const std::vector<std::string> landed = without_fillers(sim.files.read(path).substr(old.size()));
    EXPECT_EQ(landed.size(), outcome.landed_bytes / 14) << fits;
  }
}

}  // namespace
}  // namespace uflush
