# Run in the tree as it is to be booted: nothing is left over for a first boot, and nothing runs that tests do not need.
cd /etc/systemd/system
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer getty@tty1.service serial-getty@ttyS0.service systemd-pstore.service \
  systemd-binfmt.service systemd-hwdb-update.service; do
  ln -sf /dev/null "$unit"
done
echo cuelight-vm >/etc/hostname
echo '127.0.0.1 localhost cuelight-vm' >/etc/hosts
# Without one the first boot would enable and disable all units anew.
systemd-machine-id-setup >/dev/null
: >/etc/fstab
apt-get clean
rm -f /var/log/*.log /var/log/apt/* /var/cache/apt/*.bin
# Newer than all of /usr: so that no service of systemd brings /etc and /var up to date.
touch /etc/.updated /var/.updated
