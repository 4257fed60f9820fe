#include "core/queue_manager.hpp"

#include <cstring>
#include <span>

#include <sys/socket.h>
#include <sys/stat.h>

#include "core/careful_open.hpp"
#include "io/operation.hpp"
#include "io/shortage.hpp"

namespace uflush {

QueueManager::QueueManager(Loop& loop, FileSystem& files, const Config& config, Log& log)
    : loop_(loop),
      files_(files),
      config_(config),
      log_(log),
      path_("public/" + config.queue_service_name),
      one_at_a_time_(loop) {}

Task<void> QueueManager::trigger(QueueTrigger wish) {
  const auto turn = co_await one_at_a_time_.lock();
  const auto found = files_.stat(current_directory, path_.c_str());
  if (!found) {
    log_.warning("unable to look up {}: {}", path_, found.error().message());
    co_return;
  }
  if (S_ISFIFO(found.value().mode)) {
    knock_at_fifo(wish);
  } else if (S_ISSOCK(found.value().mode)) {
    const auto knocked = co_await knock_at_socket(wish);
    if (!knocked) report_if_shortage(knocked.error());
    if (!knocked && log_.verbose() > 0) {
      log_.warning("unix_trigger: connect to {}: {}", path_, knocked.error().message());
    }
  } else {
    log_.warning("{} is not a socket or a fifo", path_);
  }
}

void QueueManager::knock_at_fifo(QueueTrigger wish) {
  const auto opened = careful_open(files_, path_.c_str(), FileSystem::Open::write_nonblocking);
  if (const auto* why = std::get_if<CarefulOpenFailure>(&opened)) {
    if (log_.verbose() > 0) log_.info("fifo_trigger: open {}: {}", path_, why->text);
    return;
  }
  const auto written =
      files_.write(std::get<CarefullyOpened>(opened).file.handle(), fifo_trigger_bytes(wish));
  if (!written && log_.verbose() > 0) {
    log_.warning("fifo_trigger: write {}: {}", path_, written.error().message());
  }
}

Task<Result<void>> QueueManager::knock_at_socket(QueueTrigger wish) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) co_return Error{ENAMETOOLONG};
  std::memcpy(address.sun_path, path_.data(), path_.size());

  CO_TRY(socket, loop_.ring().unix_socket());
  const Patience patience{.deadline = loop_.now() + config_.trigger_timeout};
  CO_TRY_VOID(co_await Operation{loop_, op::Connect{socket.get(), &address}, patience});
  loop_.ring().post_send(socket.get(), std::as_bytes(std::span(socket_trigger_bytes(wish))));
  loop_.ring().post_close(std::move(socket));
  co_return outcome::success();
}

}  // namespace uflush
