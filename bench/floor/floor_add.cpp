/// The floor of all adds (add, sync, keepopen, pipeline, idle, add-during-send): one io_uring, one append for
/// each site and turn, one reply for each connection and turn. The first append to a file takes the lock,
/// looks where the name leads, and keeps the lock; from then on one look at inotify per turn tells of all
/// names.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <liburing.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>

#include "bench/floor/move_messages.hpp"
#include "bench/floor/wire.hpp"

namespace uflush::floor {
namespace {

constexpr unsigned ring_entries = 1024;
constexpr std::size_t small_buffer = 512;
/// Of a connection that stays.
constexpr std::size_t large_buffer = 262'144;
constexpr std::size_t replies_max = 8192;

/// What a completion is about; in the upper byte of its user_data, the lower ones say whose.
enum class Event : std::uint64_t { none, listener, received, synced };

constexpr std::uint64_t tag(Event event, std::uint64_t of) {
  return static_cast<std::uint64_t>(event) << 56 | of;
}

struct Connection {
  char* buffer = nullptr;
  std::uint32_t size = 0;
  std::uint32_t filled = 0;
  std::uint32_t replies = 0;  ///< due at the end of this turn
  bool stays = false;         ///< its first two requests came in one piece
};

struct Site {
  std::string path;
  int file = -1;
  ino_t inode = 0;
  bool is_locked = false;
  std::string lines;
  bool is_dirty = false;
  // With --sync: who waits for the lines above, and for those that are on their way to the disk.
  std::vector<int> waiting, under_way;
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

class Server {
 public:
  explicit Server(bool sync);
  [[noreturn]] void run();

 private:
  io_uring_sqe* sqe();
  void submit_and_wait();
  void handle(const io_uring_cqe& completion);
  void accept_all();
  void receive(int client);
  void received(int client, int count);
  void execute(int client, Connection& connection, const Request& request);
  void append(Site& site);
  void lock_and_look(Site& site);
  void open_log(Site& site);
  void release_locks();
  void check_names();
  void answer(int client, Connection& connection);
  void answer_synced(Site& site);
  void close(int client);

  bool sync_;
  io_uring ring_{};
  std::vector<Connection> connections_;  // by descriptor
  std::unique_ptr<char[]> small_buffers_;
  std::unordered_map<std::string, Site, Hash, std::equal_to<>> sites_;
  std::vector<Site*> dirty_;
  std::vector<int> answered_;
  std::deque<Site*> open_;
  int name_changes_ = -1;
  std::atomic<int> sends_ = 0;  ///< threads that take locks
  std::size_t open_max_;
  std::string replies_;
};

Server::Server(bool sync) : sync_(sync) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max = std::min<rlim_t>(files.rlim_max, 262'144);
  ::setrlimit(RLIMIT_NOFILE, &files);
  open_max_ = files.rlim_cur / 2;
  connections_.resize(files.rlim_cur);
  small_buffers_.reset(new char[files.rlim_cur * small_buffer]);  // not touched before it is used
  for (std::size_t i = 0; i < replies_max; ++i) replies_ += reply_ok;
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  parameters.cq_entries = 16 * ring_entries;
  if (const int error = ::io_uring_queue_init_params(ring_entries, &ring_, &parameters); error < 0) {
    errno = -error;
    die("io_uring");
  }
  ::io_uring_register_ring_fd(&ring_);
  name_changes_ = ::inotify_init1(IN_NONBLOCK);
  if (::inotify_add_watch(name_changes_, "flush", IN_DELETE | IN_MOVE) < 0) die("flush");
}

io_uring_sqe* Server::sqe() {
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  while (entry == nullptr) {
    ::io_uring_submit(&ring_);
    entry = ::io_uring_get_sqe(&ring_);
  }
  return entry;
}

void Server::submit_and_wait() {
  const int error = ::io_uring_submit_and_wait(&ring_, 1);
  if (error >= 0 || error == -EINTR || error == -EAGAIN || error == -EBUSY) return;
  errno = -error;
  die("io_uring_enter");
}

void Server::run() {
  const auto watch_listener = [this] {
    io_uring_sqe* entry = sqe();
    ::io_uring_prep_poll_multishot(entry, listener, POLLIN);
    entry->user_data = tag(Event::listener, 0);
  };
  watch_listener();
  for (;;) {
    submit_and_wait();
    unsigned head = 0, count = 0;
    io_uring_cqe* completion = nullptr;
    bool listener_is_watched = true;
    io_uring_for_each_cqe(&ring_, head, completion) {
      ++count;
      handle(*completion);
      if (completion->user_data == tag(Event::listener, 0) && (completion->flags & IORING_CQE_F_MORE) == 0)
        listener_is_watched = false;
    }
    ::io_uring_cq_advance(&ring_, count);
    if (!listener_is_watched) watch_listener();
    const std::vector<Site*> dirty = std::move(dirty_);
    dirty_ = {};
    for (Site* site : dirty) append(*site);
    if (!dirty.empty()) check_names();
    for (const int client : answered_) answer(client, connections_[static_cast<std::size_t>(client)]);
    answered_.clear();
  }
}

void Server::handle(const io_uring_cqe& completion) {
  constexpr std::uint64_t low_bytes = (std::uint64_t{1} << 56) - 1;
  const std::uint64_t of = completion.user_data & low_bytes;
  switch (static_cast<Event>(completion.user_data >> 56)) {
    case Event::none:
      break;
    case Event::listener:
      accept_all();
      break;
    case Event::received:
      received(static_cast<int>(of), completion.res);
      break;
    case Event::synced:
      answer_synced(*reinterpret_cast<Site*>(of));
      break;
  }
}

void Server::accept_all() {
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const auto number = static_cast<std::size_t>(client);
    if (number >= connections_.size()) die("accept4");
    connections_[number] = {small_buffers_.get() + number * small_buffer, small_buffer, 0, 0, false};
    io_uring_sqe* entry = sqe();
    ::io_uring_prep_send(entry, client, announcement.data(), announcement.size(), MSG_NOSIGNAL);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = tag(Event::none, 0);
    receive(client);
  }
}

void Server::receive(int client) {
  const Connection& connection = connections_[static_cast<std::size_t>(client)];
  io_uring_sqe* entry = sqe();
  ::io_uring_prep_recv(entry, client, connection.buffer + connection.filled,
                       connection.size - connection.filled, 0);
  entry->user_data = tag(Event::received, static_cast<std::uint64_t>(client));
}

void Server::received(int client, int count) {
  if (count <= 0) return close(client);
  Connection& connection = connections_[static_cast<std::size_t>(client)];
  connection.filled += static_cast<std::uint32_t>(count);
  std::string_view input(connection.buffer, connection.filled);
  const bool is_first = !connection.stays;
  std::size_t requests = 0;
  while (const auto request = take_request(input)) {
    execute(client, connection, *request);
    ++requests;
  }
  if (is_first && (requests > 1 || (requests == 1 && !input.empty()))) {
    connection.stays = true;
    char* const larger = new char[large_buffer];
    std::copy(input.begin(), input.end(), larger);
    connection.buffer = larger;
    connection.size = large_buffer;
  } else {
    std::copy(input.begin(), input.end(), connection.buffer);
  }
  connection.filled = static_cast<std::uint32_t>(input.size());
  if (connection.replies > 0) answered_.push_back(client);
  if (requests == 0) receive(client);
}

void Server::execute(int client, Connection& connection, const Request& request) {
  if (request.word == "send_site") {
    release_locks();
    ++sends_;
    std::thread([this, client, path = log_path(request.site)] {
      send_log(path, true);
      --sends_;
      reply(client);
      ::close(client);
    }).detach();
    return;
  }
  auto found = sites_.find(request.site);
  if (found == sites_.end()) {
    found = sites_.try_emplace(std::string(request.site)).first;
    found->second.path = log_path(request.site);
  }
  Site& site = found->second;
  site.lines.append(request.queue_id).push_back('\n');
  if (!site.is_dirty) dirty_.push_back(&site);
  site.is_dirty = true;
  if (sync_) {
    site.waiting.push_back(client);
  } else {
    ++connection.replies;
  }
}

void Server::open_log(Site& site) {
  if (open_.size() >= open_max_) {
    open_.front()->is_locked = false;
    ::close(std::exchange(open_.front()->file, -1));
    open_.pop_front();
  }
  site.file = ::open(site.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  struct stat status {};
  if (site.file < 0 || ::fstat(site.file, &status) != 0) die(site.path.c_str());
  site.inode = status.st_ino;
  open_.push_back(&site);
}

/// A thread of ours wants one of them.
void Server::release_locks() {
  for (Site* site : open_)
    if (std::exchange(site->is_locked, false)) ::flock(site->file, LOCK_UN);
}

/// Nobody touches names while this runs.
void Server::check_names() {
  std::array<char, 4096> events;
  if (::read(name_changes_, events.data(), events.size()) > 0) die("a logfile was moved");
}

void Server::lock_and_look(Site& site) {
  for (;;) {
    if (site.file < 0) open_log(site);
    ::flock(site.file, LOCK_EX);
    struct stat named {};
    if (::stat(site.path.c_str(), &named) == 0 && named.st_ino == site.inode) return;
    std::erase(open_, &site);
    ::close(std::exchange(site.file, -1));
  }
}

void Server::append(Site& site) {
  if (!site.under_way.empty()) return;  // the next append begins when these are on the disk
  if (!std::exchange(site.is_locked, true)) lock_and_look(site);
  if (::write(site.file, site.lines.data(), site.lines.size()) != static_cast<ssize_t>(site.lines.size()))
    die("write");
  if (sends_ > 0 && std::exchange(site.is_locked, false)) ::flock(site.file, LOCK_UN);
  site.lines.clear();
  site.is_dirty = false;
  if (!sync_) return;
  site.under_way.swap(site.waiting);
  io_uring_sqe* entry = sqe();
  ::io_uring_prep_fsync(entry, site.file, IORING_FSYNC_DATASYNC);
  entry->user_data = tag(Event::synced, reinterpret_cast<std::uint64_t>(&site));
}

void Server::answer_synced(Site& site) {
  for (const int client : site.under_way) {
    ++connections_[static_cast<std::size_t>(client)].replies;
    answered_.push_back(client);
  }
  site.under_way.clear();
  if (!site.lines.empty()) dirty_.push_back(&site);
}

void Server::answer(int client, Connection& connection) {
  if (connection.replies == 0) return;
  io_uring_sqe* entry = sqe();
  const std::size_t bytes = std::min<std::size_t>(connection.replies, replies_max) * reply_ok.size();
  ::io_uring_prep_send(entry, client, replies_.data(), bytes, MSG_NOSIGNAL | MSG_WAITALL);
  entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  entry->user_data = tag(Event::none, 0);
  connection.replies = 0;
  if (connection.stays) return receive(client);
  close(client);
}

void Server::close(int client) {
  Connection& connection = connections_[static_cast<std::size_t>(client)];
  if (connection.stays) delete[] connection.buffer;
  connection = {};
  io_uring_sqe* entry = sqe();
  ::io_uring_prep_close(entry, client);
  entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  entry->user_data = tag(Event::none, 0);
}

}  // namespace
}  // namespace uflush::floor

int main(int argc, char** argv) {
  const auto options = uflush::floor::begin(argc, argv);
  uflush::floor::Server(options.sync).run();
}
