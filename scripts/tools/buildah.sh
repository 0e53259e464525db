# shellcheck shell=bash
# How buildah works on any Linux: layers are kept, RUN needs no container engine, and where the file system cannot lay
# one layer over the other they are copied. Set beforehand, each of these stays as it is.
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} BUILDAH_LAYERS=${BUILDAH_LAYERS:-true}
if [ -z "${STORAGE_DRIVER:-}" ] && command -v buildah >/dev/null && ! buildah info >/dev/null 2>&1; then
    export STORAGE_DRIVER=vfs
fi
