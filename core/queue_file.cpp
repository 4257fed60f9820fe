#include "core/queue_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/careful_open.hpp"
#include "core/logfile.hpp"

namespace uflush {
namespace {

constexpr std::string_view deferred = "deferred";
constexpr std::string_view incoming = "incoming";

/// Mode bits that the owner of a complete queue file has.
constexpr mode_t ready_bits = S_IRUSR | S_IWUSR | S_IXUSR;
/// Mode bit with which the queue manager un-throttles this message's destinations.
constexpr mode_t unthrottle_bit = S_IRGRP;
constexpr mode_t permission_bits = 07777;

/// No message can be at a place that fails so.
bool is_absent(Error error) {
  return error.number == ENOENT || error.number == ENOTDIR;
}

}  // namespace

QueueFileMover::QueueFileMover(FileSystem& files, const QueueLayout& layout, std::time_t now)
    : files_(files),
      layout_(layout),
      now_(now),
      deferred_{.queue = deferred, .hashed = layout.is_hashed(deferred)},
      incoming_{.queue = incoming, .hashed = layout.is_hashed(incoming)} {}

bool QueueFileMover::move_unthrottled(std::string_view queue_id) {
  Queue queue = touch(queue_id);
  if (queue == Queue::none || !mark_unthrottled(queue_id, queue)) return false;
  if (queue == Queue::deferred) rename_to_incoming(queue_id);
  return true;
}

QueueFileMover::Queue QueueFileMover::touch(std::string_view queue_id) {
  const auto in_deferred = touch_in(deferred_, queue_id);
  if (in_deferred) return Queue::deferred;
  if (touch_in(incoming_, queue_id)) return Queue::incoming;
  if (!is_absent(in_deferred.error())) stayed_.emplace_back(queue_id);
  return Queue::none;
}

Result<void> QueueFileMover::touch_in(OpenQueue& queue, std::string_view queue_id) {
  auto touched = [&]() -> Result<void> {
    TRY(in, directory(queue, queue_id));
    return files_.set_times(in, file_name(queue_id), now_);
  }();
  if (!touched && touched.error().number != ENOENT) {
    warnings_.push_back(fmt::format("flush_one_file: update {} time stamps: {}",
                                    layout_.path(queue.queue, queue_id), touched.error().message()));
  }
  return touched;
}

bool QueueFileMover::mark_unthrottled(std::string_view queue_id, Queue& queue) {
  std::string path = layout_.path(queue == Queue::deferred ? deferred : incoming, queue_id);
  auto opened = careful_open(files_, path.c_str(), FileSystem::Open::read_write);
  const auto* failure = std::get_if<CarefulOpenFailure>(&opened);
  if (failure != nullptr && failure->error.number == ENOENT && queue == Queue::deferred) {
    // The queue manager may have moved it since we gave it the time.
    queue = Queue::incoming;
    path = layout_.path(incoming, queue_id);
    opened = careful_open(files_, path.c_str(), FileSystem::Open::read_write);
    failure = std::get_if<CarefulOpenFailure>(&opened);
  }
  if (failure != nullptr) {
    warnings_.push_back(fmt::format("flush_one_file: open {}: {}", path, failure->text));
    return false;
  }
  const auto& [file, stat] = std::get<CarefullyOpened>(opened);
  if ((stat.mode & ready_bits) != ready_bits) return false;
  if (const auto set = files_.set_mode(file.handle(), (stat.mode & permission_bits) | unthrottle_bit); !set) {
    warnings_.push_back(fmt::format("flush_one_file: fchmod {}: {}", path, set.error().message()));
  }
  return true;
}

void QueueFileMover::rename_to_incoming(std::string_view queue_id) {
  auto renamed = try_rename(queue_id);
  if (!renamed) {
    // Most likely a hash directory is missing, or was replaced since we opened it. ENOENT after this means
    // that the message itself has gone.
    close_directories();
    renamed = make_parent_directories(files_, layout_.path(incoming, queue_id));
    if (renamed) renamed = try_rename(queue_id);
  }
  if (!renamed && renamed.error().number != ENOENT) {
    stayed_.emplace_back(queue_id);
    warnings_.push_back(fmt::format("{}: rename from deferred to incoming: {}",
                                    layout_.path(deferred, queue_id), renamed.error().message()));
  }
}

Result<void> QueueFileMover::try_rename(std::string_view queue_id) {
  TRY(from, directory(deferred_, queue_id));
  const auto to = directory(incoming_, queue_id);
  // ENOENT is to mean that the message is not there. A directory may be missing: it is made, unless a link
  // with its name leads nowhere.
  if (!to) return Error{to.error().number == ENOENT ? ENOTDIR : to.error().number};
  const char* name = file_name(queue_id);
  return files_.rename(from, name, to.value(), name);
}

const char* QueueFileMover::file_name(std::string_view queue_id) {
  queue_id.copy(name_.data(), queue_id_bytes_max);
  name_[queue_id.size()] = '\0';
  return name_.data();
}

Result<FileHandle> QueueFileMover::directory(OpenQueue& queue, std::string_view queue_id) {
  path_.assign(queue.queue);
  path_.push_back('/');
  if (queue.hashed) layout_.append_hash_directory(path_, queue_id);
  if (queue.directory && queue.path == path_) return queue.directory.handle();
  auto opened = files_.open(current_directory, path_.c_str(), FileSystem::Open::place);
  if (!opened) {
    const int error = opened.error().number;
    ran_short_ = ran_short_ || error == EMFILE || error == ENFILE || error == ENOMEM;
    return opened.error();
  }
  queue.directory = std::move(opened).value();
  queue.path = path_;
  return queue.directory.handle();
}

void QueueFileMover::close_directories() {
  deferred_.directory.close();
  incoming_.directory.close();
}

}  // namespace uflush
