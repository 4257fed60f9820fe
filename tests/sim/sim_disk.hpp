/// The disk of the simulation: inodes and names in memory, and what is left of them after a crash.
///
/// Crash model: a process that dies loses nothing that the kernel has. When the machine dies, names and modes
/// are as of that moment, and each file holds what was synced plus a prefix, drawn from the seed, of the
/// changes since then (the last of them perhaps in part).
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "io/clock.hpp"
#include "io/result.hpp"
#include "tests/sim/dice.hpp"

namespace uflush {

class SimListener;

/// A file, directory, link, FIFO or socket, with any number of names.
struct SimInode {
  enum class Type : std::uint8_t { file, directory, symlink, fifo, socket };
  struct Change {  ///< not synced yet: bytes written at an offset, or a new size
    bool is_truncate = false;
    std::uint64_t offset = 0;
    std::string bytes{};
  };

  Type type = Type::file;
  std::uint64_t number = 0;
  mode_t permissions = 0600;
  uid_t owner = 0;
  std::time_t access_time = 0;
  long access_nanoseconds = 0;
  std::time_t change_time = 0;
  std::uint64_t links = 0;
  std::string data;  ///< contents, or the target of a symbolic link
  std::string synced;
  std::vector<Change> unsynced;
  std::map<std::string, std::shared_ptr<SimInode>, std::less<>> entries;
  SimInode* parent = nullptr;                         ///< of a directory
  std::function<void(std::string_view)> fifo_reader;  ///< empty: nobody has the FIFO open
  SimListener* listener = nullptr;                    ///< null: nobody listens
  const void* lock_owner = nullptr;                   ///< the open description that holds the flock

  void write_at(std::uint64_t offset, std::string_view bytes);
  void truncate(std::uint64_t size_bytes);
  void sync();
  [[nodiscard]] mode_t mode() const;  ///< type and permissions, as in stat(2)
};

using SimInodePtr = std::shared_ptr<SimInode>;

class SimDisk {
 public:
  /// Everything on a disk at one moment. Good for one disk.
  struct Image {
    SimInodePtr root{};
    std::uint64_t last_number = 0;
  };
  /// Where a path leads: the directory and the name in it, and what is there (null: nothing).
  struct Place {
    SimInodePtr directory;
    std::string name;
    SimInodePtr inode;
  };

  /// An image without a root is an empty disk.
  SimDisk(const Clock& clock, Image image);
  explicit SimDisk(const Clock& clock);

  /// The disk as another process finds it now, after this one died: nothing is lost but locks.
  [[nodiscard]] Image after_process_death() const;
  /// The disk as the machine finds it when it comes up after a crash at this moment.
  [[nodiscard]] Image after_power_loss(Dice& dice) const;

  /// Resolves `path` from `start` (the root when null). ENOENT only for a missing directory on the way.
  [[nodiscard]] Result<Place> find(const SimInodePtr& start, std::string_view path,
                                   bool follow_last = true) const;
  /// What `path` names; null when there is nothing. For tests.
  [[nodiscard]] SimInodePtr at(std::string_view path, bool follow_last = true) const;

  /// Creates, or replaces what `place` names.
  SimInodePtr create(const Place& place, SimInode::Type type, mode_t permissions);
  /// The same by path, with all directories on the way. For tests.
  SimInodePtr create(std::string_view path, SimInode::Type type, mode_t permissions);
  void link(const Place& place, const SimInodePtr& inode);
  void unlink(const Place& place);

  [[nodiscard]] std::time_t wall_time() const { return clock_.wall_time(); }

  /// What happens to names: somebody opens the file, or the name goes, or gets a file that had a name before.
  enum class NameEvent : std::uint8_t { opened, changed };
  std::function<void(NameEvent, const Place&)> on_name_event;
  void tell(NameEvent event, const Place& place) const {
    if (on_name_event) on_name_event(event, place);
  }

 private:
  const Clock& clock_;
  SimInodePtr root_;
  std::uint64_t last_number_ = 0;
};

}  // namespace uflush
