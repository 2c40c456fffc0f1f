//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is a Slurm of one's own on this machine: a munged, a slurmctld and a slurmd for each
// node, all on the loopback interface and in one folder, without systemd, cgroups and accounting.
type cluster struct {
	t       *testing.T
	dir     string
	within  []string // the words before the programs of daemons
	daemons map[string]*exec.Cmd
}

// haveSlurm reports whether the programs are there; Debian has them in munge, slurmctld, slurmd and
// slurm-client.
func haveSlurm() bool {
	for _, name := range []string{"munged", "slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}

// newCluster starts nodes n1, n2, ... with so many processors each, whatever the machine has. The
// lines are added to slurm.conf; without a partition among them there is one, test.
func newCluster(t *testing.T, nodes, cpus int, lines ...string) *cluster {
	t.Helper()
	// Sockets lie below this folder, and their paths must be short.
	dir, err := os.MkdirTemp("", "slurm")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, dir: dir, daemons: map[string]*exec.Cmd{}}
	t.Cleanup(c.stop)
	for _, sub := range []string{"etc", "run", "log", "spool", "state", "munge"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "munge"), 0o700); err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 1024)
	for k := range key {
		key[k] = byte(rand.Uint32())
	}
	c.write("munge/key", string(key), 0o600)
	c.write("etc/cgroup.conf", "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n", 0o644)

	// slurmctld runs only where its host's name is that of the configuration, and binds to the
	// address of that name. Where this is no loopback address the daemons get a name of their own.
	host, _ := os.Hostname()
	host, _, _ = strings.Cut(host, ".")
	if found, err := net.LookupHost(host); err != nil || !slices.Contains(found, "127.0.0.1") {
		host = "localhost"
		c.within = []string{"unshare", "--uts", "--", "sh", "-c", `hostname localhost && exec "$@"`, "sh"}
	}
	user := strconv.Itoa(os.Getuid())
	conf := strings.NewReplacer("DIR", dir, "HOST", host, "USER", user, "PORT", freePort(t)).Replace(slurmConf)
	names := ""
	for k := range nodes {
		name := fmt.Sprintf("n%d", k+1)
		conf += fmt.Sprintf("NodeName=%s NodeHostname=%s NodeAddr=127.0.0.1 Port=%s CPUs=%d RealMemory=1000 State=UNKNOWN\n", name, host, freePort(t), cpus)
		names = strings.TrimPrefix(names+","+name, ",")
	}
	conf += strings.ReplaceAll(strings.Join(lines, "\n"), "NODES", names) + "\n"
	if !strings.Contains(conf, "PartitionName=") {
		conf += "PartitionName=test Nodes=" + names + " Default=YES MaxTime=INFINITE DefaultTime=10:00 State=UP\n"
	}
	c.write("etc/slurm.conf", conf, 0o644)

	socket := c.path("run/munge.socket")
	c.start("munged", "munged", "--foreground", "--force", "--num-threads=2", "--origin=127.0.0.1", "--key-file="+c.path("munge/key"), "--socket="+socket,
		"--pid-file="+c.path("run/munged.pid"), "--log-file="+c.path("log/munged.log"), "--seed-file="+c.path("munge/seed"))
	c.until("munged", 20*time.Second, func() bool { return exec.Command("munge", "-S", socket, "-n").Run() == nil })
	c.control()
	for k := range nodes {
		name := fmt.Sprintf("n%d", k+1)
		c.start(name, append(slices.Clip(c.within), "slurmd", "-D", "-N", name, "-f", c.path("etc/slurm.conf"))...)
	}
	c.until("idle nodes", time.Minute, func() bool {
		out, _ := c.try("sinfo", "--noheader", "--Node", "--states=idle", "--format=%N")
		found := strings.Fields(out)
		slices.Sort(found)
		return len(slices.Compact(found)) == nodes
	})
	return c
}

const slurmConf = `ClusterName=fixture
SlurmctldHost=HOST(127.0.0.1)
SlurmctldPort=PORT
SlurmUser=USER
SlurmdUser=USER
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
# cred_expire is also how long a requeued job waits before it starts again
AuthType=auth/munge
AuthInfo=socket=DIR/run/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=DIR/state
SlurmdSpoolDir=DIR/spool/%n
SlurmctldPidFile=DIR/run/slurmctld.pid
SlurmdPidFile=DIR/run/slurmd.%n.pid
SlurmctldLogFile=DIR/log/slurmctld.log
SlurmdLogFile=DIR/log/slurmd.%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=5,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
BatchStartTimeout=10
InactiveLimit=0
KillWait=5
UnkillableStepTimeout=30
JobRequeue=1
`

func freePort(t *testing.T) string {
	t.Helper()
	for range 200 { // below the ports that the system gives to clients
		port := strconv.Itoa(20000 + rand.IntN(10000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *cluster) write(name, text string, perm os.FileMode) {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), perm); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) start(name string, args ...string) {
	c.t.Helper()
	log, err := os.Create(c.path("log/" + name + ".out"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	d := exec.Command(args[0], args[1:]...)
	d.Stdout, d.Stderr, d.Env = log, log, append(os.Environ(), c.env()...)
	d.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := d.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.daemons[name] = d
}

// control starts the slurmctld.
func (c *cluster) control() {
	c.t.Helper()
	c.start("slurmctld", append(slices.Clip(c.within), "slurmctld", "-D", "-f", c.path("etc/slurm.conf"))...)
}

// env is what programs need to find this Slurm.
func (c *cluster) env() []string { return []string{"SLURM_CONF=" + c.path("etc/slurm.conf")} }

// kill ends a daemon by SIGKILL.
func (c *cluster) kill(name string) {
	_ = c.daemons[name].Process.Kill()
	_ = c.daemons[name].Wait()
	delete(c.daemons, name)
}

// try runs a command of Slurm.
func (c *cluster) try(args ...string) (stdout string, err error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env()...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, &errs)
	}
	return out.String(), nil
}

func (c *cluster) must(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// tasks returns the tasks in the queue and those that ended lately: "1_0 RUNNING".
func (c *cluster) tasks() []string {
	c.t.Helper()
	return strings.Fields(strings.ReplaceAll(c.must("squeue", "--noheader", "--array", "--states=all", "--Format=ArrayJobID:_,ArrayTaskID:=,State:|,"), "|", " "))
}

// until waits for something.
func (c *cluster) until(what string, most time.Duration, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(most); !ok(); time.Sleep(300 * time.Millisecond) {
		if time.Now().After(end) {
			out, _ := c.try("squeue", "--array", "--states=all")
			nodes, _ := c.try("sinfo", "--Node", "--long")
			text, _ := os.ReadFile(c.path("log/slurmctld.log"))
			lines := strings.Split(string(text), "\n")
			c.t.Fatalf("after %v there is still not: %s\n%s%s%s", most, what, out, nodes, strings.Join(lines[max(0, len(lines)-20):], "\n"))
		}
	}
}

// left returns the processes of jobs of this cluster, whoever started them.
func (c *cluster) left(comm string) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), c.env()[0]) {
			continue
		}
		name, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "comm"))
		if strings.HasPrefix(string(name), comm) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// payload returns the process that works on a task of a job on a node, or 0.
func (c *cluster) payload(task int) int {
	for _, pid := range c.left("spikealign") {
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if slices.Contains(strings.Split(string(env), "\x00"), "SLURM_ARRAY_TASK_ID="+strconv.Itoa(task)) {
			return pid
		}
	}
	return 0
}

func (c *cluster) stop() {
	if c.daemons["slurmctld"] != nil {
		_, _ = c.try("scancel", "--user="+strconv.Itoa(os.Getuid()))
		for range 50 {
			if out, err := c.try("squeue", "--noheader", "--states=RUNNING,COMPLETING,SUSPENDED"); err != nil || strings.TrimSpace(out) == "" {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	for _, d := range c.daemons {
		_ = d.Process.Signal(syscall.SIGTERM)
	}
	for name, d := range c.daemons {
		timer := time.AfterFunc(5*time.Second, func() { _ = d.Process.Kill() })
		_ = d.Wait()
		timer.Stop()
		delete(c.daemons, name)
	}
	for _, pid := range c.left("") {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = os.RemoveAll(c.dir)
}
