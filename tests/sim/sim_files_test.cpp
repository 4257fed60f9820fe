// The simulated file system promises what the kernel promises; the daemon's tests stand on that.
#include "tests/sim/sim_files.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/sim_clock.hpp"

namespace uflush {
namespace {

using Open = FileSystem::Open;
using Lock = FileSystem::Lock;

class SimFilesTest : public testing::Test {
 protected:
  File open(const char* path, Open how) {
    auto file = kernel.open(current_directory, path, how);
    EXPECT_TRUE(file.has_value()) << path;
    return file ? std::move(file.value()) : File{};
  }
  std::size_t write(const File& file, std::string_view text) {
    auto count = kernel.write(file.handle(), text);
    return count ? count.value() : 0;
  }

  Dice dice{Seed{1}};
  SimClock clock;
  SimDisk disk{clock};
  SimThreads threads{dice};
  SimFiles files{disk, threads, dice};
  FileSystem& kernel = files;
};

TEST_F(SimFilesTest, AppendsGoToTheEndEvenWhenSomebodyElseHasWrittenMeanwhile) {
  files.make_directories("flush");
  const File one = open("flush/a", Open::append_create);
  const File two = open("flush/a", Open::append_create);
  EXPECT_EQ(write(one, "1\n"), 2U);
  EXPECT_EQ(write(two, "22\n"), 3U);
  EXPECT_EQ(write(one, "3\n"), 2U);
  EXPECT_EQ(files.read("flush/a"), "1\n22\n3\n");
  EXPECT_EQ(files.mode("flush/a"), 0600U);
}

TEST_F(SimFilesTest, AnUnlinkedFileLivesAsLongAsItIsOpen) {
  files.write("log", "x");
  const File log = open("log", Open::append_create);
  EXPECT_TRUE(kernel.unlink(current_directory, "log").has_value());
  EXPECT_FALSE(files.exists("log"));
  EXPECT_EQ(write(log, "yy"), 2U);
  auto found = kernel.stat(log.handle());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found.value().links, 0U);
  EXPECT_EQ(found.value().size_bytes, 3U);
}

TEST_F(SimFilesTest, ALockBelongsToTheOpenDescriptionAndEndsWithIt) {
  files.write("log", "");
  const File one = open("log", Open::append_create);
  File two = open("log", Open::append_create);
  EXPECT_TRUE(kernel.lock(two.handle(), Lock::try_now).has_value());
  EXPECT_EQ(kernel.lock(one.handle(), Lock::try_now).error(), Error{EWOULDBLOCK});
  two.close();
  EXPECT_TRUE(kernel.lock(one.handle(), Lock::try_now).has_value());
  EXPECT_TRUE(files.is_locked("log"));
}

TEST_F(SimFilesTest, RenameOverwritesAndKeepsTheOtherNamesOfAFile) {
  files.write("deferred/A", "new");
  files.write("incoming/A", "old");
  files.make_hard_link("deferred/A", "deferred/B");
  const File from = open("deferred", Open::directory);
  const File to = open("incoming", Open::directory);
  EXPECT_TRUE(kernel.rename(from.handle(), "A", to.handle(), "A").has_value());
  EXPECT_EQ(files.read("incoming/A"), "new");
  EXPECT_THAT(files.names("deferred"), testing::ElementsAre("B"));
  EXPECT_EQ(kernel.stat(to.handle(), "A").value().links, 2U);
  EXPECT_EQ(kernel.rename(from.handle(), "A", to.handle(), "A").error(), Error{ENOENT});
}

TEST_F(SimFilesTest, SymbolicLinksAreFollowedButForLstatRenameAndUnlink) {
  files.write("real/file", "text");
  files.make_symlink("real/file", "link");
  files.make_symlink("../link", "real/up");
  files.make_symlink("circle", "circle");
  EXPECT_EQ(kernel.stat(current_directory, "real/up").value().size_bytes, 4U);
  EXPECT_TRUE(S_ISLNK(kernel.stat_link(current_directory, "link").value().mode));
  EXPECT_EQ(kernel.stat(current_directory, "circle").error(), Error{ELOOP});
  EXPECT_TRUE(kernel.unlink(current_directory, "link").has_value());
  EXPECT_TRUE(files.exists("real/file"));
  EXPECT_EQ(kernel.stat(current_directory, "real/up").error(), Error{ENOENT});
}

TEST_F(SimFilesTest, TimesMoveWithTheClockAndReadsAreRelatime) {
  files.write("log", "abc");
  clock.advance(std::chrono::seconds(10));
  const File log = open("log", Open::read_write);
  char byte = 0;
  EXPECT_EQ(kernel.read_at(log.handle(), {&byte, 1}, 2).value(), 1U);
  EXPECT_EQ(byte, 'c');
  EXPECT_EQ(files.access_time("log"), SimClock::wall_start + 10);
  EXPECT_EQ(files.change_time("log"), SimClock::wall_start);
  clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(kernel.read_at(log.handle(), {&byte, 1}, 0).value(), 1U);
  EXPECT_EQ(files.access_time("log"), SimClock::wall_start + 10);
  EXPECT_TRUE(kernel.set_times(current_directory, "log", 1234).has_value());
  EXPECT_EQ(files.access_time("log"), 1234);
  EXPECT_EQ(files.change_time("log"), 1234);
}

TEST_F(SimFilesTest, APlannedFaultHitsTheNamedCallAndPathOnly) {
  files.write("a", "");
  files.write("b", "");
  files.fail(FileCall::write, "a", EIO);
  const File a = open("a", Open::append_create);
  const File b = open("b", Open::append_create);
  EXPECT_EQ(write(b, "1"), 1U);
  EXPECT_EQ(kernel.write(a.handle(), std::string_view("1")).error(), Error{EIO});
  EXPECT_EQ(write(a, "1"), 1U);
}

TEST_F(SimFilesTest, AShortWriteLeavesAFullDiskBehind) {
  const File log = open("log", Open::append_create);
  files.shorten_write("log", 3);
  EXPECT_EQ(write(log, "12345"), 3U);
  EXPECT_EQ(kernel.write(log.handle(), std::string_view("45")).error(), Error{ENOSPC});
  EXPECT_EQ(files.read("log"), "123");
}

TEST_F(SimFilesTest, DrawnFaultsFailSomeCallsAndWriteNothingThatIsNotCounted) {
  const File log = open("log", Open::append_create);
  files.faults = {.io_error = 0.2, .no_space = 0.2, .short_write = 0.2};
  std::size_t written = 0;
  std::size_t failed = 0;
  for (int i = 0; i < 200; ++i) {
    auto count = kernel.write(log.handle(), std::string_view("12345"));
    count ? written += count.value() : ++failed;
    ASSERT_EQ(files.size("log"), written);
  }
  EXPECT_GT(failed, 0U);
  EXPECT_GT(written, 0U);
  EXPECT_NE(written % 5, 0U);  // this seed has short writes
}

TEST_F(SimFilesTest, AProcessThatDiesLosesNothingButItsLocks) {
  const File log = open("log", Open::append_create);
  EXPECT_TRUE(kernel.lock(log.handle(), Lock::try_now).has_value());
  EXPECT_EQ(write(log, "abc"), 3U);
  files.make_hard_link("log", "other");
  SimDisk next(clock, disk.after_process_death());
  EXPECT_EQ(next.at("log")->data, "abc");
  EXPECT_EQ(next.at("log")->lock_owner, nullptr);
  EXPECT_EQ(next.at("log"), next.at("other"));
}

TEST_F(SimFilesTest, APowerLossKeepsWhatWasSyncedAndAPrefixOfTheRest) {
  const File log = open("log", Open::append_create);
  EXPECT_EQ(write(log, "synced\n"), 7U);
  EXPECT_TRUE(kernel.sync(log.handle()).has_value());
  EXPECT_EQ(write(log, "one\n"), 4U);
  EXPECT_EQ(write(log, "two\n"), 4U);
  const std::string everything = files.read("log");
  bool lost_some = false;
  bool lost_none = false;
  for (int crash = 0; crash < 100; ++crash) {
    SimDisk after(clock, disk.after_power_loss(dice));
    const std::string left = after.at("log")->data;
    EXPECT_TRUE(left.starts_with("synced\n")) << left;
    EXPECT_TRUE(everything.starts_with(left)) << left;
    (left == everything ? lost_none : lost_some) = true;
  }
  EXPECT_TRUE(lost_some);
  EXPECT_TRUE(lost_none);
}

}  // namespace
}  // namespace uflush
