/// Takes the place of postlogd(8) in the private instances of the tests: appends each record to `log/mail`,
/// beside the configuration directory ($MAIL_CONFIG).
///
/// Postfix's own postlogd writes to the socket that it reads: its start logs what is doubtful in main.cf.
/// When the other processes have filled that socket meanwhile (ten records, net.unix.max_dgram_qlen), it
/// waits for itself, every process that logs waits for it, master(8) among them, and the mail system stands
/// still. postlogd starts anew after each reload and after max_use records, so a test that reloads in the
/// midst of work meets that now and then. This program logs nothing, and stays through reloads.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// As master(8) hands them to every service.
constexpr int status_channel = 5;
constexpr int records = 6;

constexpr int look_for_master_ms = 100;

int open_log() {
  const char* config_directory = std::getenv("MAIL_CONFIG");
  if (config_directory == nullptr) return -1;
  const std::string path = std::string(config_directory) + "/../log/mail";
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

/// False when there is no record now.
bool copy_record(int log) {
  std::array<char, 65536> record;
  const ssize_t size = ::recv(records, record.data(), record.size() - 1, MSG_DONTWAIT);
  if (size < 0) return errno == EINTR;
  record[static_cast<std::size_t>(size)] = '\n';
  return ::write(log, record.data(), static_cast<std::size_t>(size) + 1) >= 0;
}

}  // namespace

int main() {
  // The last words of the others come while the mail system is being stopped.
  std::signal(SIGTERM, SIG_IGN);
  const int log = open_log();
  if (log < 0) return 1;
  ::close(status_channel);
  const pid_t master = ::getppid();
  while (true) {
    while (copy_record(log)) {
    }
    if (::getppid() != master) return 0;
    pollfd readable{records, POLLIN, 0};
    ::poll(&readable, 1, look_for_master_ms);
  }
}
