// What both file systems must do alike. The simulated one is only worth what it shares with the kernel's.
#include "io/file_system.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/kernel_files.hpp"
#include "tests/sim/sim_machine.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::UnorderedElementsAre;
using Open = FileSystem::Open;
using Lock = FileSystem::Lock;

/// The kernel's, in a directory of its own.
class KernelSpool {
 public:
  [[nodiscard]] FileSystem& files() { return files_; }
  [[nodiscard]] FileHandle root() const { return root_.handle(); }
  void symlink(const char* target, const char* name) const {
    EXPECT_EQ(::symlinkat(target, root(), name), 0);
  }
  void hard_link(const char* existing, const char* name) const {
    EXPECT_EQ(::linkat(root(), existing, root(), name, 0), 0);
  }
  void fifo(const char* name) const { EXPECT_EQ(::mkfifoat(root(), name, 0600), 0); }

 private:
  KernelFiles files_;
  support::TempDir directory_;
  File root_ = std::move(files_.open(current_directory, directory_.path().c_str(), Open::directory).value());
};

class SimSpool {
 public:
  [[nodiscard]] FileSystem& files() { return machine_.files; }
  [[nodiscard]] FileHandle root() const { return root_.handle(); }
  void symlink(const char* target, const char* name) { machine_.files.make_symlink(target, name); }
  void hard_link(const char* existing, const char* name) { machine_.files.make_hard_link(existing, name); }
  void fifo(const char* name) { machine_.disk.create(name, SimInode::Type::fifo, 0600); }

 private:
  SimMachine machine_;
  File root_ = std::move(files().open(current_directory, ".", Open::directory).value());
};

template <typename Spool>
class FileSystemTest : public testing::Test {
 protected:
  File open(const char* name, Open how) {
    auto file = files.open(root, name, how);
    EXPECT_TRUE(file.has_value()) << name;
    return file ? std::move(file.value()) : File{};
  }
  int open_error(const char* name, Open how) {
    auto file = files.open(root, name, how);
    return file ? 0 : file.error().number;
  }
  void write(const char* name, std::string_view text) {
    const File file = open(name, Open::append_create_through_link);
    EXPECT_EQ(files.write(file.handle(), text).value(), text.size());
  }
  std::string read(const char* name) {
    const File file = open(name, Open::read_write);
    std::array<char, 100> buffer{};
    return {buffer.data(), files.read_at(file.handle(), buffer, 0).value()};
  }
  std::vector<std::string> names(const char* directory) {
    const File opened = open(directory, Open::directory);
    std::vector<std::string> found;
    const std::vector<DirectoryEntry> entries = files.list(opened.handle()).value();
    for (const DirectoryEntry& entry : entries) found.push_back(entry.name);
    return found;
  }
  void make_directory(const char* name) {
    EXPECT_TRUE(files.make_directory(root, name, 0700).has_value()) << name;
  }
  /// The errno of a call, 0 when it succeeded.
  template <typename T>
  static int error_of(const Result<T>& result) {
    return result ? 0 : result.error().number;
  }

  Spool spool;
  FileSystem& files = spool.files();
  const FileHandle root = spool.root();
};

using Spools = testing::Types<KernelSpool, SimSpool>;
TYPED_TEST_SUITE(FileSystemTest, Spools);

TYPED_TEST(FileSystemTest, CreatesForAppendOnlyWithMode0600) {
  EXPECT_EQ(this->open_error("log", Open::read_write), ENOENT);
  EXPECT_EQ(this->open_error("log", Open::write_nonblocking), ENOENT);
  EXPECT_EQ(this->open_error("missing/log", Open::append_create), ENOENT);
  this->write("log", "");
  const FileStat found = this->files.stat(this->root, "log").value();
  EXPECT_EQ(found.mode, static_cast<mode_t>(S_IFREG | 0600));
  EXPECT_EQ(found.links, 1U);
  EXPECT_EQ(found.size_bytes, 0U);
}

TYPED_TEST(FileSystemTest, AppendsToTheEndWhoeverElseHasWritten) {
  const File one = this->open("log", Open::append_create);
  const File two = this->open("log", Open::append_create);
  EXPECT_EQ(this->files.write(one.handle(), std::string_view("1\n")).value(), 2U);
  EXPECT_EQ(this->files.write(two.handle(), std::string_view("22\n")).value(), 3U);
  EXPECT_EQ(this->files.write(one.handle(), std::string_view("3\n")).value(), 2U);
  EXPECT_EQ(this->read("log"), "1\n22\n3\n");
}

TYPED_TEST(FileSystemTest, ReadsAndWritesAtAnOffset) {
  this->write("log", "0123456789");
  const File log = this->open("log", Open::read_write);
  std::array<char, 4> buffer{};
  EXPECT_EQ(this->files.read_at(log.handle(), buffer, 8).value(), 2U);
  EXPECT_EQ(std::string(buffer.data(), 2), "89");
  EXPECT_EQ(this->files.read_at(log.handle(), buffer, 10).value(), 0U);
  EXPECT_EQ(this->files.write_at(log.handle(), std::string_view("xy"), 12).value(), 2U);
  EXPECT_EQ(this->read("log"), std::string("0123456789\0\0xy", 14));
}

TYPED_TEST(FileSystemTest, ReadsWhatIsOpenForAppendWithoutTouchingItsAccessTime) {
  this->write("log", "0123456789");
  FileSystem& disk = this->files;
  ASSERT_TRUE(disk.set_times(this->root, "log", 1234));
  const File log = this->open("log", Open::append_create);
  ASSERT_TRUE(disk.set_access_time(log.handle(), 5678, 90));
  std::array<char, 4> buffer{};
  EXPECT_EQ(disk.read_at(log.handle(), buffer, 8).value(), 2U);
  const FileStat found = disk.stat(log.handle()).value();
  EXPECT_EQ(found.access_time, 5678);
  EXPECT_EQ(found.access_nanoseconds, 90);
  EXPECT_EQ(found.change_time, 1234);
}

TYPED_TEST(FileSystemTest, TruncatesAndExtends) {
  this->write("log", "0123456789");
  const File log = this->open("log", Open::read_write);
  EXPECT_TRUE(this->files.truncate(log.handle(), 3).has_value());
  EXPECT_EQ(this->read("log"), "012");
  EXPECT_TRUE(this->files.truncate(log.handle(), 5).has_value());
  EXPECT_EQ(this->read("log"), std::string("012\0\0", 5));
  EXPECT_TRUE(this->files.sync(log.handle()).has_value());
}

TYPED_TEST(FileSystemTest, LocksPerOpenDescriptionUntilItIsClosed) {
  const File one = this->open("log", Open::append_create);
  File two = this->open("log", Open::read_write);
  EXPECT_TRUE(this->files.lock(one.handle(), Lock::wait).has_value());
  EXPECT_TRUE(this->files.lock(one.handle(), Lock::try_now).has_value());
  EXPECT_EQ(this->error_of(this->files.lock(two.handle(), Lock::try_now)), EWOULDBLOCK);
  EXPECT_TRUE(this->files.unlock(one.handle()).has_value());
  EXPECT_TRUE(this->files.lock(two.handle(), Lock::try_now).has_value());
  EXPECT_EQ(this->error_of(this->files.lock(one.handle(), Lock::try_now)), EWOULDBLOCK);
  two.close();
  EXPECT_TRUE(this->files.lock(one.handle(), Lock::try_now).has_value());
}

TYPED_TEST(FileSystemTest, KeepsAnUnlinkedFileWhileItIsOpen) {
  File log = this->open("log", Open::append_create);
  EXPECT_TRUE(this->files.unlink(this->root, "log").has_value());
  EXPECT_EQ(this->error_of(this->files.stat(this->root, "log")), ENOENT);
  EXPECT_EQ(this->error_of(this->files.unlink(this->root, "log")), ENOENT);
  EXPECT_EQ(this->files.write(log.handle(), std::string_view("x")).value(), 1U);
  const FileStat found = this->files.stat(log.handle()).value();
  EXPECT_EQ(found.links, 0U);
  EXPECT_EQ(found.size_bytes, 1U);
  this->write("log", "new");
  EXPECT_NE(this->files.stat(this->root, "log").value().inode, found.inode);
}

TYPED_TEST(FileSystemTest, RenamesAcrossDirectoriesAndOverwrites) {
  this->make_directory("deferred");
  this->make_directory("incoming");
  this->write("deferred/A", "new");
  this->write("incoming/A", "old");
  const File from = this->open("deferred", Open::directory);
  const File to = this->open("incoming", Open::directory);
  EXPECT_TRUE(this->files.rename(from.handle(), "A", to.handle(), "A").has_value());
  EXPECT_EQ(this->read("incoming/A"), "new");
  EXPECT_THAT(this->names("deferred"), UnorderedElementsAre());
  EXPECT_EQ(this->error_of(this->files.rename(from.handle(), "A", to.handle(), "A")), ENOENT);
  EXPECT_EQ(this->error_of(this->files.rename(to.handle(), "A", this->root, "missing/A")), ENOENT);
  EXPECT_EQ(this->error_of(this->files.rename(to.handle(), "A", this->root, "deferred")), EISDIR);
  EXPECT_EQ(this->error_of(this->files.rename(this->root, "deferred", to.handle(), "A")), ENOTDIR);
}

TYPED_TEST(FileSystemTest, RenamingAFileOntoItsOtherNameDoesNothing) {
  this->write("A", "x");
  this->spool.hard_link("A", "B");
  EXPECT_TRUE(this->files.rename(this->root, "A", this->root, "B").has_value());
  EXPECT_THAT(this->names("."), UnorderedElementsAre("A", "B"));
  EXPECT_EQ(this->files.stat(this->root, "A").value().links, 2U);
}

TYPED_TEST(FileSystemTest, RenamesDirectoriesAsReadilyAsFiles) {
  this->make_directory("deferred");
  this->make_directory("deferred/A");
  this->write("deferred/A/file", "x");
  EXPECT_TRUE(this->files.rename(this->root, "deferred/A", this->root, "B").has_value());
  EXPECT_EQ(this->read("B/file"), "x");
  EXPECT_EQ(this->read("B/../B/file"), "x");
}

TYPED_TEST(FileSystemTest, FollowsSymbolicLinks) {
  this->make_directory("real");
  this->write("real/file", "text");
  this->spool.symlink("real/file", "link");
  this->spool.symlink("../link", "real/up");
  this->spool.symlink("circle", "circle");
  this->spool.symlink("real/new", "dangling");
  EXPECT_EQ(this->read("real/up"), "text");
  EXPECT_TRUE(S_ISLNK(this->files.stat_link(this->root, "link").value().mode));
  EXPECT_TRUE(S_ISREG(this->files.stat(this->root, "link").value().mode));
  for (const char* link : {"link", "dangling", "circle"})
    EXPECT_EQ(this->open_error(link, Open::append_create), ELOOP);
  EXPECT_EQ(this->open_error("circle", Open::append_create_through_link), ELOOP);
  EXPECT_EQ(this->open_error("real/file/x", Open::append_create), ENOTDIR);
  this->write("dangling", "made");
  EXPECT_EQ(this->read("real/new"), "made");
  EXPECT_TRUE(this->files.unlink(this->root, "link").has_value());
  EXPECT_EQ(this->read("real/file"), "text");
}

TYPED_TEST(FileSystemTest, SetsTimesInWholeSecondsThroughLinks) {
  this->write("file", "x");
  this->spool.symlink("file", "link");
  EXPECT_TRUE(this->files.set_times(this->root, "link", 1'234'567'890).has_value());
  const FileStat found = this->files.stat(this->root, "file").value();
  EXPECT_EQ(found.access_time, 1'234'567'890);
  EXPECT_EQ(found.change_time, 1'234'567'890);
  EXPECT_EQ(this->error_of(this->files.set_times(this->root, "missing", 1)), ENOENT);
}

TYPED_TEST(FileSystemTest, SetsTheTimesOfAnOpenFileThatHasLostItsName) {
  this->write("file", "x");
  const File file = this->open("file", Open::log);
  EXPECT_TRUE(this->files.unlink(this->root, "file").has_value());
  EXPECT_TRUE(this->files.set_times(file.handle(), 1'234'567'890).has_value());
  EXPECT_EQ(this->files.stat(file.handle()).value().access_time, 1'234'567'890);
}

TYPED_TEST(FileSystemTest, LeavesTheAccessTimeOfALogAloneThatIsRead) {
  this->write("log", "A1\n");
  const File log = this->open("log", Open::log);
  EXPECT_TRUE(this->files.set_access_time(log.handle(), 1'234'567'890, 7).has_value());
  std::array<char, 100> buffer{};
  EXPECT_EQ(this->files.read_at(log.handle(), buffer, 0).value(), 3U);
  EXPECT_EQ(this->files.read_cached_at(log.handle(), buffer, 1).value(), 2U);  // it has just been read
  const FileStat found = this->files.stat(log.handle()).value();
  EXPECT_EQ(found.access_time, 1'234'567'890);
  EXPECT_EQ(found.access_nanoseconds, 7);
}

TYPED_TEST(FileSystemTest, SetsPermissionsAndKeepsTheType) {
  this->write("file", "x");
  const File file = this->open("file", Open::read_write);
  EXPECT_TRUE(this->files.set_mode(file.handle(), 0740).has_value());
  EXPECT_EQ(this->files.stat(file.handle()).value().mode, static_cast<mode_t>(S_IFREG | 0740));
}

TYPED_TEST(FileSystemTest, ListsADirectoryAsOftenAsAsked) {
  this->make_directory("flush");
  this->write("flush/a", "");
  this->write("flush/b", "");
  const File flush = this->open("flush", Open::directory);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> found;
    const std::vector<DirectoryEntry> entries = this->files.list(flush.handle()).value();
    for (const DirectoryEntry& entry : entries) found.push_back(entry.name);
    EXPECT_THAT(found, UnorderedElementsAre("a", "b"));
  }
}

TYPED_TEST(FileSystemTest, TellsDirectoriesAndFilesApart) {
  this->make_directory("flush");
  this->write("file", "");
  EXPECT_EQ(this->open_error("flush", Open::append_create), EISDIR);
  EXPECT_EQ(this->open_error("flush", Open::read_write), EISDIR);
  EXPECT_EQ(this->open_error("file", Open::directory), ENOTDIR);
  EXPECT_EQ(this->error_of(this->files.make_directory(this->root, "flush", 0700)), EEXIST);
  EXPECT_EQ(this->error_of(this->files.make_directory(this->root, "missing/x", 0700)), ENOENT);
  EXPECT_EQ(this->error_of(this->files.unlink(this->root, "flush")), EISDIR);
}

TYPED_TEST(FileSystemTest, RefusesNamesThatAreTooLong) {
  const std::string longest(255, 'a');
  const std::string too_long(256, 'a');
  EXPECT_EQ(this->open_error(longest.c_str(), Open::append_create), 0);
  EXPECT_EQ(this->open_error(too_long.c_str(), Open::append_create), ENAMETOOLONG);
  EXPECT_EQ(this->open_error("", Open::append_create), ENOENT);
}

TYPED_TEST(FileSystemTest, DoesNotWaitForTheReaderOfAFifo) {
  this->spool.fifo("qmgr");
  EXPECT_EQ(this->open_error("qmgr", Open::write_nonblocking), ENXIO);
  EXPECT_TRUE(S_ISFIFO(this->files.stat(this->root, "qmgr").value().mode));
  for (const Open how : {Open::append_create, Open::log}) EXPECT_EQ(this->open_error("qmgr", how), 0);
}

TYPED_TEST(FileSystemTest, ReportsAHandleThatIsNotOpen) {
  EXPECT_EQ(this->error_of(this->files.stat(-1)), EBADF);
  EXPECT_EQ(this->open_error("x", Open::directory), ENOENT);
  EXPECT_EQ(this->error_of(this->files.stat(-1, "x")), EBADF);
}

}  // namespace
}  // namespace uflush
