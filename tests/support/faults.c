/* What a disk and a clock may do to a program, put between it and the C library by LD_PRELOAD.
 *
 * FAULTS_SHORT=all    each write to a file writes the half of what it was given
 * FAULTS_SHORT=N      the N-th one does
 * FAULTS_INTERRUPT=1  every other read and write is interrupted by a signal before it does anything
 * FAULTS_CLOCK=N      it is N seconds after the beginning of 1970
 * FAULTS_THREADS=N    the system has N threads at a time to give, besides the first
 * FAULTS_SEEN=FILE    is made at the first fault
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_long writes;
static __thread int turn;

static void seen(void)
{
    static atomic_flag once = ATOMIC_FLAG_INIT;
    const char *file = getenv("FAULTS_SEEN");
    if (file && !atomic_flag_test_and_set(&once))
        close(open(file, O_CREAT | O_WRONLY, 0600));
}

static int is_file(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

static size_t some(int fd, size_t length)
{
    const char *which = getenv("FAULTS_SHORT");
    if (!which || length < 2 || !is_file(fd))
        return length;
    if (strcmp(which, "all") && atol(which) != ++writes)
        return length;
    seen();
    return length / 2;
}

static int interrupted(int fd)
{
    if (!getenv("FAULTS_INTERRUPT") || !is_file(fd) || (turn ^= 1))
        return 0;
    seen();
    errno = EINTR;
    return 1;
}

ssize_t write(int fd, const void *from, size_t length)
{
    return interrupted(fd) ? -1 : REAL(write)(fd, from, some(fd, length));
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at)
{
    return interrupted(fd) ? -1 : REAL(pwrite)(fd, from, some(fd, length), at);
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at)
{
    return interrupted(fd) ? -1 : REAL(pwrite64)(fd, from, some(fd, length), at);
}

ssize_t read(int fd, void *to, size_t length)
{
    return interrupted(fd) ? -1 : REAL(read)(fd, to, length);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const char *seconds = getenv("FAULTS_CLOCK");
    int result = REAL(clock_gettime)(clock, now);
    if (seconds && clock == CLOCK_REALTIME && result == 0)
        now->tv_sec = atol(seconds);
    return result;
}

static atomic_long threads;

struct task {
    void *(*begin)(void *);
    void *with;
};

static void *run(void *given)
{
    struct task task = *(struct task *)given;
    void *result;
    free(given);
    result = task.begin(task.with);
    threads--;
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *), void *with)
{
    const char *most = getenv("FAULTS_THREADS");
    struct task *task;
    int failed;
    if (!most)
        return REAL(pthread_create)(thread, attributes, begin, with);
    if (++threads > atol(most)) {
        threads--;
        seen();
        return EAGAIN;
    }
    task = malloc(sizeof *task);
    *task = (struct task){begin, with};
    failed = REAL(pthread_create)(thread, attributes, run, task);
    if (failed) {
        threads--;
        free(task);
    }
    return failed;
}
