// What both guards must do alike: leases, and news of names. And that the kernel's lease makes others wait.
#include "io/file_guard.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "io/kernel_file_guard.hpp"
#include "io/kernel_files.hpp"
#include "tests/sim/sim_clock.hpp"
#include "tests/sim/sim_file_guard.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using Open = FileSystem::Open;

bool is_readable(int fd, int timeout_ms = 0) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

class KernelWorld {
 public:
  KernelWorld() { KernelFileGuard::block_signals(); }
  FileSystem& files() { return files_; }
  FileGuard& guard() { return guard_; }
  std::string path(std::string_view name) const { return directory_.path() + "/" + std::string(name); }

 private:
  support::TempDir directory_;
  KernelFiles files_;
  KernelFileGuard guard_;
};

class SimWorldOfFiles {
 public:
  SimWorldOfFiles() { files_.make_directories("spool"); }
  FileSystem& files() { return files_; }
  FileGuard& guard() { return guard_; }
  static std::string path(std::string_view name) { return "spool/" + std::string(name); }

 private:
  Dice dice_{Seed{1}};
  SimClock clock_;
  SimDisk disk_{clock_};
  SimThreads threads_{dice_};
  SimFiles files_{disk_, threads_, dice_};
  SimFileGuard guard_{disk_, files_, dice_};
};

template <typename World>
class FileGuardTest : public testing::Test {
 protected:
  File open(std::string_view name, Open how) {
    auto opened = world.files().open(current_directory, world.path(name).c_str(), how);
    FLUSH_ASSERT(opened.has_value());
    return std::move(opened).value();
  }
  int open_error(std::string_view name, Open how) {
    const auto opened = world.files().open(current_directory, world.path(name).c_str(), how);
    return opened ? 0 : opened.error().number;
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
  int wanted_fd() { return world.guard().wanted_leases_fd().value(); }

  World world;
};

using Worlds = testing::Types<KernelWorld, SimWorldOfFiles>;
TYPED_TEST_SUITE(FileGuardTest, Worlds);

TYPED_TEST(FileGuardTest, LendsOnlyWhatNobodyElseHasOpen) {
  const File log = this->open("log", Open::append_create);
  {
    const File other = this->open("log", Open::read_write);
    const auto taken = this->world.guard().take_lease(log.handle());
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().number, EAGAIN);
  }
  EXPECT_TRUE(this->world.guard().take_lease(log.handle()));
  EXPECT_FALSE(is_readable(this->wanted_fd()));
}

TYPED_TEST(FileGuardTest, TellsWhoseLeaseSomebodyWants) {
  const File one = this->open("one", Open::append_create);
  const File two = this->open("two", Open::append_create);
  const int fd = this->wanted_fd();
  ASSERT_TRUE(this->world.guard().take_lease(one.handle()));
  ASSERT_TRUE(this->world.guard().take_lease(two.handle()));
  EXPECT_EQ(this->open_error("two", Open::append_create_at_once), EWOULDBLOCK);
  EXPECT_TRUE(is_readable(fd));
  EXPECT_THAT(this->world.guard().wanted_leases().files, ElementsAre(two.handle()));
  EXPECT_FALSE(is_readable(fd));
  EXPECT_THAT(this->world.guard().wanted_leases().files, IsEmpty());
  this->world.guard().return_lease(two.handle());
  EXPECT_EQ(this->open_error("two", Open::append_create_at_once), 0);
  EXPECT_EQ(this->open_error("one", Open::append_create_at_once), EWOULDBLOCK);
}

TYPED_TEST(FileGuardTest, EndsALeaseWithTheFile) {
  File log = this->open("log", Open::append_create);
  ASSERT_TRUE(this->world.guard().take_lease(log.handle()));
  log.close();
  EXPECT_EQ(this->open_error("log", Open::append_create_at_once), 0);
}

TYPED_TEST(FileGuardTest, TellsOfNamesThatGoAndThatGetAnotherFile) {
  FileGuard& guard = this->world.guard();
  for (const char* name : {"removed", "moved", "target", "other"}) this->open(name, Open::append_create);
  ASSERT_TRUE(guard.watch_names(this->world.path("").c_str()));
  ASSERT_TRUE(guard.watch_names(this->world.path("").c_str()));
  EXPECT_THAT(guard.changed_names().names, IsEmpty());
  this->open("new", Open::append_create);
  const File written = this->open("other", Open::append_create);
  ASSERT_TRUE(this->world.files().write(written.handle(), std::string_view("text")));
  EXPECT_THAT(guard.changed_names().names, IsEmpty());

  this->remove("removed");
  EXPECT_THAT(guard.changed_names().names, ElementsAre("removed"));
  this->rename("moved", "target");
  FileGuard::ChangedNames changed = guard.changed_names();
  EXPECT_THAT(changed.names, Contains("moved"));
  EXPECT_THAT(changed.names, Contains("target"));
  EXPECT_FALSE(changed.perhaps_all);
  EXPECT_THAT(guard.changed_names().names, IsEmpty());
}

TYPED_TEST(FileGuardTest, SaysPerhapsAllWhenADirectoryGoes) {
  FileGuard& guard = this->world.guard();
  this->make_directory("flush");
  ASSERT_TRUE(guard.watch_names(this->world.path("").c_str()));
  this->rename("flush", "flush.old");
  EXPECT_TRUE(guard.changed_names().perhaps_all);
  EXPECT_FALSE(guard.changed_names().perhaps_all);
}

TYPED_TEST(FileGuardTest, WatchesOnlyDirectories) {
  this->open("file", Open::append_create);
  EXPECT_FALSE(this->world.guard().watch_names(this->world.path("file").c_str()));
  EXPECT_FALSE(this->world.guard().watch_names(this->world.path("missing").c_str()));
}

using KernelFileGuardTest = FileGuardTest<KernelWorld>;

TEST_F(KernelFileGuardTest, MakesOthersWaitUntilTheLeaseIsGivenBack) {
  for (const bool by_closing : {false, true}) {
    File log = open("log", Open::append_create);
    const int fd = wanted_fd();
    ASSERT_TRUE(world.guard().take_lease(log.handle()));
    std::atomic<bool> is_open = false;
    std::thread other([&] {
      const File file = open("log", Open::read_write);
      is_open = true;
    });
    EXPECT_TRUE(is_readable(fd, 10'000));
    EXPECT_FALSE(is_open);
    EXPECT_THAT(world.guard().wanted_leases().files, ElementsAre(log.handle()));
    if (by_closing) {
      log.close();
    } else {
      world.guard().return_lease(log.handle());
    }
    other.join();
    EXPECT_TRUE(is_open);
  }
}

TEST_F(KernelFileGuardTest, LetsItsHolderWriteAndTruncate) {
  const File log = open("log", Open::append_create);
  ASSERT_TRUE(world.guard().take_lease(log.handle()));
  EXPECT_TRUE(world.files().write(log.handle(), std::string_view("A1\nA2")));
  EXPECT_TRUE(world.files().truncate(log.handle(), 3));
  EXPECT_TRUE(world.files().stat(current_directory, world.path("log").c_str()));
  EXPECT_FALSE(is_readable(wanted_fd()));
}

}  // namespace
}  // namespace uflush
