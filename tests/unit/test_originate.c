/* SPDX-License-Identifier: BSD-2-Clause */
// links: bgp_core
int main(void)
{
	return 0;
}
