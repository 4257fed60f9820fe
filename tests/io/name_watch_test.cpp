// What both watches must do alike: tell of names that go, and of files that are opened.
#include "io/name_watch.hpp"

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "io/kernel_files.hpp"
#include "io/kernel_name_watch.hpp"
#include "tests/sim/sim_machine.hpp"
#include "tests/sim/sim_name_watch.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using Interest = NameWatch::Interest;
using Open = FileSystem::Open;

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 1;
}

class KernelWorld {
 public:
  FileSystem& files() { return files_; }
  NameWatch& watch() { return watch_; }
  std::string path(std::string_view name) const { return directory_.path() + "/" + std::string(name); }
  void symlink(std::string_view target, std::string_view name) const {
    std::filesystem::create_symlink(target, path(name));
  }

 private:
  support::TempDir directory_;
  KernelFiles files_;
  KernelNameWatch watch_;
};

class SimWorldOfNames {
 public:
  SimWorldOfNames() { machine_.files.make_directories("spool"); }
  FileSystem& files() { return machine_.files; }
  NameWatch& watch() { return watch_; }
  static std::string path(std::string_view name) { return "spool/" + std::string(name); }
  void symlink(std::string_view target, std::string_view name) {
    machine_.files.make_symlink(target, path(name));
  }

 private:
  SimMachine machine_;
  SimNameWatch watch_{machine_.disk, machine_.dice};
};

template <typename World>
class NameWatchTest : public testing::Test {
 protected:
  File open(std::string_view name, Open how = Open::append_create) {
    auto opened = world.files().open(current_directory, world.path(name).c_str(), how);
    FLUSH_ASSERT(opened.has_value());
    return std::move(opened).value();
  }
  void remove(std::string_view name) {
    ASSERT_TRUE(world.files().unlink(current_directory, world.path(name).c_str()));
  }
  void rename(std::string_view from, std::string_view to) {
    ASSERT_TRUE(world.files().rename(current_directory, world.path(from).c_str(), current_directory,
                                     world.path(to).c_str()));
  }
  void make_directory(std::string_view name) {
    ASSERT_TRUE(world.files().make_directory(current_directory, world.path(name).c_str(), 0700));
  }
  Result<void> watch(std::string_view name, Interest interest = Interest::changes_and_openings) {
    return world.watch().watch(world.path(name).c_str(), interest);
  }
  NameWatch::News news() { return world.watch().read(); }

  World world;
};

using Worlds = testing::Types<KernelWorld, SimWorldOfNames>;
TYPED_TEST_SUITE(NameWatchTest, Worlds);

TYPED_TEST(NameWatchTest, TellsOfNamesThatGoAndThatGetAnotherFile) {
  for (const char* name : {"removed", "moved", "target", "other"}) this->open(name);
  ASSERT_TRUE(this->watch("", Interest::changes));
  ASSERT_TRUE(this->watch("", Interest::changes));
  this->open("new");
  const File written = this->open("other");
  ASSERT_TRUE(this->world.files().write(written.handle(), std::string_view("text")));
  EXPECT_THAT(this->news().changed, IsEmpty());

  this->remove("removed");
  EXPECT_THAT(this->news().changed, ElementsAre("removed"));
  this->rename("moved", "target");
  const NameWatch::News news = this->news();
  EXPECT_THAT(news.changed, Contains("moved"));
  EXPECT_THAT(news.changed, Contains("target"));
  EXPECT_THAT(news.opened, IsEmpty());
  EXPECT_FALSE(news.perhaps_all);
  EXPECT_THAT(this->news().changed, IsEmpty());
}

TYPED_TEST(NameWatchTest, TellsWhichFilesAreOpened) {
  this->open("log");
  ASSERT_TRUE(this->watch(""));
  const int fd = this->world.watch().fd().value();
  EXPECT_FALSE(is_readable(fd));
  this->open("log", Open::read_write);
  EXPECT_TRUE(is_readable(fd));
  EXPECT_THAT(this->news().opened, ElementsAre("log"));
  EXPECT_FALSE(is_readable(fd));
  this->open("log");
  this->open("new");
  EXPECT_THAT(this->news().opened, ElementsAre("log", "new"));
}

TYPED_TEST(NameWatchTest, CallsAFileThatIsReachedThroughASymbolicLinkByItsOwnName) {
  this->open("log");
  this->world.symlink("log", "link");
  ASSERT_TRUE(this->watch(""));
  this->open("link", Open::read_write);
  EXPECT_THAT(this->news().opened, ElementsAre("log"));
}

TYPED_TEST(NameWatchTest, DoesNotMindWhoListsADirectory) {
  this->make_directory("flush");
  ASSERT_TRUE(this->watch(""));
  ASSERT_TRUE(this->watch("flush"));
  const File directory = this->open("flush", Open::directory);
  ASSERT_TRUE(this->world.files().list(directory.handle()));
  const NameWatch::News news = this->news();
  EXPECT_THAT(news.opened, IsEmpty());
  EXPECT_FALSE(news.perhaps_all);
}

TYPED_TEST(NameWatchTest, SaysPerhapsAllWhenADirectoryGoes) {
  this->make_directory("flush");
  ASSERT_TRUE(this->watch(""));
  this->rename("flush", "flush.old");
  EXPECT_TRUE(this->news().perhaps_all);
  EXPECT_FALSE(this->news().perhaps_all);
}

TYPED_TEST(NameWatchTest, WatchesOnlyDirectoriesThatAreNoLinks) {
  this->open("file");
  this->make_directory("real");
  this->world.symlink("real", "link");
  for (const auto& [name, error] : {std::pair{"file", ENOTDIR}, {"missing", ENOENT}, {"link", ENOTDIR}}) {
    const auto watched = this->watch(name);
    ASSERT_FALSE(watched) << name;
    EXPECT_EQ(watched.error().number, error) << name;
  }
}

using KernelNameWatchTest = NameWatchTest<KernelWorld>;

TEST_F(KernelNameWatchTest, SaysPerhapsAllWhenTheWatchedDirectoryIsMovedOrRemoved) {
  make_directory("moved");
  make_directory("removed");
  ASSERT_TRUE(watch("moved"));
  ASSERT_TRUE(watch("removed"));
  rename("moved", "elsewhere");
  EXPECT_TRUE(news().perhaps_all);
  std::filesystem::remove(world.path("removed"));
  EXPECT_TRUE(news().perhaps_all);
  make_directory("removed");
  ASSERT_TRUE(watch("removed"));
  open("removed/log");
  EXPECT_THAT(news().opened, ElementsAre("log"));
}

TEST_F(KernelNameWatchTest, SaysPerhapsAllWhenTheQueueOfTheKernelRunsOver) {
  constexpr int more_than_fit = 20'000;
  ASSERT_TRUE(watch(""));
  for (int i = 0; i < more_than_fit; ++i) open(i % 2 == 0 ? "a" : "b");
  EXPECT_TRUE(news().perhaps_all);
}

TEST_F(KernelNameWatchTest, DoesNotTrustFileSystemsOfOthers) {
  const auto watched = world.watch().watch("/proc", Interest::changes);
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error().number, EOPNOTSUPP);
}

}  // namespace
}  // namespace uflush
