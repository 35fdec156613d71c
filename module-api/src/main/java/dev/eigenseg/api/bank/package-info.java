/**
 * Feature banks: the patch features of an image collection, on disk and larger than memory if need
 * be.
 *
 * <p>An {@link dev.eigenseg.api.bank.Extractor} looks at every image once, through a {@link
 * dev.eigenseg.api.Backbone}, and appends its patches; {@link dev.eigenseg.api.bank.ExtractOptions}
 * say at which size and in which precision. An image counts when its rows are on the disk, so that
 * a run that was stopped goes on where it was, and what was made with other settings is refused by
 * name. A {@link dev.eigenseg.api.bank.FeatureBank} maps the files for reading: as {@linkplain
 * dev.eigenseg.api.bank.FeatureBank#level rows} of one {@link dev.eigenseg.api.bank.Level} through
 * the whole collection, as a graph wants them, or as the {@linkplain
 * dev.eigenseg.api.bank.FeatureBank#features features} of one {@link
 * dev.eigenseg.api.bank.ImageEntry}, as training does. Its {@link
 * dev.eigenseg.api.bank.BankManifest} tells what it was made with.
 *
 * <p>What is opened holds mapped memory until it is closed. Reading is thread-safe, writing is one
 * thread's.
 */
package dev.eigenseg.api.bank;
