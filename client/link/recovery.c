#include "client/link/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "client/link/files.h"
#include "common/hash.h"

/* File: "TDK1", 12 bytes nonce, the encrypted content, 16 bytes tag. The reference of the audit is
 * authenticated with it, so that a file put under another name does not open. */
enum { MAGIC_LEN = 4, NONCE_LEN = 12, TAG_LEN = 16, SLOTS = 16, MAX_BYTES = 64 * 1024 * 1024 };
static const char magic[MAGIC_LEN] = {'T', 'D', 'K', '1'};

struct recovery {
    int lock_fd;
    char path[1024];
    char ref[40];
    uint8_t key[PROFILE_KEY_BYTES];
};

/* ---- sealing ---- */

static bool seal(const struct recovery *r, const void *data, size_t len, struct buf *out)
{
    uint8_t nonce[NONCE_LEN], tag[TAG_LEN];
    int n = 0, last = 0;
    hash_random(nonce, sizeof nonce);
    buf_append(out, magic, MAGIC_LEN);
    buf_append(out, nonce, NONCE_LEN);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && buf_reserve(out, len + TAG_LEN) && len <= MAX_BYTES &&
              EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, r->key, nonce) == 1 &&
              EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)r->ref, (int)strlen(r->ref)) == 1 &&
              EVP_EncryptUpdate(c, out->data + out->len, &n, data, (int)len) == 1 &&
              EVP_EncryptFinal_ex(c, out->data + out->len + n, &last) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!ok)
        return false;
    out->len += len;
    buf_append(out, tag, TAG_LEN);
    return !buf_failed(out);
}

static bool unseal(const struct recovery *r, const struct buf *in, struct buf *out)
{
    if (in->len < MAGIC_LEN + NONCE_LEN + TAG_LEN || memcmp(in->data, magic, MAGIC_LEN) != 0)
        return false;
    size_t len = in->len - MAGIC_LEN - NONCE_LEN - TAG_LEN;
    const uint8_t *nonce = in->data + MAGIC_LEN, *body = nonce + NONCE_LEN;
    uint8_t tag[TAG_LEN];
    memcpy(tag, body + len, TAG_LEN);
    int n = 0, last = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && buf_reserve(out, len + TAG_LEN) &&
              EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, r->key, nonce) == 1 &&
              EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)r->ref, (int)strlen(r->ref)) == 1 &&
              EVP_DecryptUpdate(c, out->data, &n, body, (int)len) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) == 1 &&
              EVP_DecryptFinal_ex(c, out->data + n, &last) == 1;
    EVP_CIPHER_CTX_free(c);
    out->len = ok ? len : 0;
    if (!ok && out->data) { /* what does not authenticate is not kept in any form */
        explicit_bzero(out->data, out->cap);
        buf_free(out);
    }
    return ok;
}

/* ---- slots ---- */

static void slot_path(const struct profile *p, const char *ref, int slot, const char *ending,
                      char out[1024])
{
    (void)snprintf(out, 1024, "%s/kept/%s.%d.%s", p->dir, ref, slot, ending);
}

/* A locked slot's descriptor, or -1 when another program holds it. */
static int lock_slot(const struct profile *p, const char *ref, int slot)
{
    char path[1024];
    slot_path(p, ref, slot, "lock", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* One that holds something comes first, then the first that is free. */
static int take_slot(const struct profile *p, const char *ref, int *slot)
{
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < SLOTS; i++) {
            char path[1024];
            slot_path(p, ref, i, "kept", path);
            if (pass == 0 && access(path, F_OK))
                continue;
            int fd = lock_slot(p, ref, i);
            if (fd < 0)
                continue;
            *slot = i;
            return fd;
        }
    return -1;
}

static void set_aside(struct recovery *r, struct err_info *notice)
{
    char aside[1100];
    (void)snprintf(aside, sizeof aside, "%s.damaged", r->path);
    for (int i = 1; access(aside, F_OK) == 0 && i < 1000; i++)
        (void)snprintf(aside, sizeof aside, "%s.damaged.%d", r->path, i);
    bool moved = rename(r->path, aside) == 0;
    (void)err_set(notice, ERR_CORRUPT,
                  "The text kept from an earlier session cannot be read; the file is kept as %s.",
                  moved ? aside : r->path);
}

static bool ref_ok(const char *ref)
{
    size_t len = strlen(ref);
    return len > 0 && len < 32 && ref[0] != '.' &&
           strspn(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

enum err recovery_open(const struct profile *p, const char *ref, struct recovery **out,
                       struct buf *left, struct err_info *notice, struct err_info *why)
{
    char folder[1024];
    struct err_info own;
    notice = notice ? notice : &own;
    notice->text[0] = '\0';
    if (!ref_ok(ref))
        return err_set(why, ERR_INPUT, "\"%.40s\" is not the reference of an audit.", ref);
    (void)snprintf(folder, sizeof folder, "%s/kept", p->dir);
    enum err e = folder_make(folder, why);
    if (e)
        return e;
    struct recovery *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    int slot = 0;
    r->lock_fd = take_slot(p, ref, &slot);
    if (r->lock_fd < 0) {
        free(r);
        return err_set(why, ERR_IO, "%s cannot be written to: %s.", folder, strerror(errno));
    }
    slot_path(p, ref, slot, "kept", r->path);
    (void)snprintf(r->ref, sizeof r->ref, "%s", ref);
    memcpy(r->key, p->recovery_key, sizeof r->key);
    struct buf sealed = BUF_INIT;
    e = file_read(r->path, MAX_BYTES, &sealed, NULL);
    if (e != ERR_NOT_FOUND && (e || !unseal(r, &sealed, left)))
        set_aside(r, notice);
    buf_free(&sealed);
    *out = r;
    return ERR_OK;
}

enum err recovery_keep(struct recovery *r, const void *data, size_t len, struct err_info *why)
{
    if (!len) {
        if (unlink(r->path) && errno != ENOENT)
            return err_set(why, ERR_IO, "%s: %s.", r->path, strerror(errno));
        return ERR_OK;
    }
    struct buf sealed = BUF_INIT;
    enum err e = seal(r, data, len, &sealed) ? file_replace(r->path, sealed.data, sealed.len, why)
                                             : err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    buf_free(&sealed);
    return e;
}

void recovery_close(struct recovery *r)
{
    if (!r)
        return;
    close(r->lock_fd);
    explicit_bzero(r->key, sizeof r->key);
    free(r);
}
